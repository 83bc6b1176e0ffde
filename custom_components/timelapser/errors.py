"""The one place where engine errors become Home Assistant errors."""

from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .const import DOMAIN
from .engine.errors import InvalidRequestError, TimelapserError


def translated[E: HomeAssistantError](error: TimelapserError, kind: type[E]) -> E:
    """Answer the error as one of Home Assistant's, with its translation."""
    return kind(
        translation_domain=DOMAIN,
        translation_key=error.code,
        translation_placeholders=error.placeholders,
    )


def translate_errors[**P, T](
    function: Callable[P, Awaitable[T]],
) -> Callable[P, Coroutine[Any, Any, T]]:
    """Let a coroutine function raise Home Assistant's errors in place of the engine's."""

    @wraps(function)
    async def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await function(*args, **kwargs)
        except InvalidRequestError as error:
            raise translated(error, ServiceValidationError) from error
        except TimelapserError as error:
            raise translated(error, HomeAssistantError) from error

    return wrapper

"""The roots of all errors."""

from typing import ClassVar


class TimelapserError(Exception):
    """Base of all errors the engine raises on purpose."""

    code: ClassVar[str] = "unknown"

    def __init__(self, **placeholders: str | float) -> None:
        self.placeholders: dict[str, str] = {k: str(v) for k, v in placeholders.items()}
        detail = ", ".join(f"{key} {value}" for key, value in self.placeholders.items())
        super().__init__(f"{self.code} ({detail})" if detail else self.code)


class InvalidRequestError(TimelapserError):
    """The caller asked for something that cannot be done; asking differently helps."""

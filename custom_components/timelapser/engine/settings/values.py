"""The kinds of values that settings have: how each is checked, said, and stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
import json
import re
from typing import Any, Final

_ENTITY: Final = re.compile(r"[a-z0-9_]+\.[a-z0-9_]+")

# A value that is checked; lists become tuples, words their members.
type Value = (
    float | bool | str | StrEnum | time | tuple[str, ...] | tuple[Mapping[str, object], ...]
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number within bounds, a multiple of the step where that is no fraction."""

    minimum: float
    maximum: float
    unit: str | None = None
    step: float = 1

    def check(self, value: object) -> float:
        """Answer the value as a number of the right kind; raise ValueError otherwise."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(value)  # noqa: TRY004  # one error type for every kind
        if not self.minimum <= value <= self.maximum:
            raise ValueError(value)
        if self.step < 1:
            return float(value)
        if value % self.step:
            raise ValueError(value)
        return int(value)

    @property
    def expected(self) -> str:
        """The bounds, for people."""
        steps = f" in steps of {self.step:g}" if self.step > 1 else ""
        return f"{self.minimum:g} to {self.maximum:g}{steps}"


@dataclass(frozen=True, slots=True)
class Switch:
    """On or off."""

    def check(self, value: object) -> bool:
        """Answer the value; raise ValueError when it is no boolean."""
        if not isinstance(value, bool):
            raise ValueError(value)  # noqa: TRY004
        return value

    @property
    def expected(self) -> str:
        """The choices, for people."""
        return "true or false"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    words: type[StrEnum]

    def check(self, value: object) -> StrEnum:
        """Answer the member; raise ValueError for any other word."""
        return self.words(str(value))

    @property
    def expected(self) -> str:
        """The choices, for people."""
        return ", ".join(self.words)


@dataclass(frozen=True, slots=True)
class Choices:
    """Some of a few words, at least as many as `least`."""

    words: type[StrEnum]
    least: int = 0

    def check(self, value: object) -> tuple[StrEnum, ...]:
        """Answer the members in their own order; raise ValueError for other words or too few."""
        chosen = {self.words(word) for word in _texts(value)}
        if len(chosen) < self.least:
            raise ValueError(value)
        return tuple(word for word in self.words if word in chosen)

    @property
    def expected(self) -> str:
        """The choices, for people."""
        return f"a list of {', '.join(self.words)}"


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day, to the second."""

    def check(self, value: object) -> time:
        """Answer the time; raise ValueError when it is none."""
        moment = value if isinstance(value, time) else time.fromisoformat(str(value))
        if moment.tzinfo is not None or moment.microsecond:
            raise ValueError(value)
        return moment

    @property
    def expected(self) -> str:
        """The form, for people."""
        return "a time such as 06:30"


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity of Home Assistant, perhaps of one domain; an empty text is none."""

    domain: str | None = None

    def check(self, value: object) -> str:
        """Answer the entity's id; raise ValueError when it cannot be one."""
        if value != "" and not (isinstance(value, str) and _ENTITY.fullmatch(value)):
            raise ValueError(value)
        if value and self.domain and not value.startswith(f"{self.domain}."):
            raise ValueError(value)
        return value

    @property
    def expected(self) -> str:
        """The form, for people."""
        return f"the id of an entity such as {self.domain or 'sensor'}.garden"


@dataclass(frozen=True, slots=True)
class Entities:
    """A few entities, each once."""

    most: int

    def check(self, value: object) -> tuple[str, ...]:
        """Answer the ids in the order given; raise ValueError for what is no list of some."""
        entities = tuple(dict.fromkeys(_texts(value)))
        if len(entities) > self.most or not all(map(_ENTITY.fullmatch, entities)):
            raise ValueError(value)
        return entities

    @property
    def expected(self) -> str:
        """The form, for people."""
        return f"a list of up to {self.most} ids of entities"


@dataclass(frozen=True, slots=True)
class Conditions:
    """Conditions of Home Assistant, which knows what they mean; all of them have to hold."""

    most: int

    def check(self, value: object) -> tuple[Mapping[str, object], ...]:
        """Answer the conditions; raise ValueError for what is no list of mappings."""
        found = [value] if isinstance(value, Mapping) else value
        if not isinstance(found, Sequence) or len(found) > self.most:
            raise ValueError(value)
        if isinstance(found, str) or not all(isinstance(one, Mapping) for one in found):
            raise ValueError(value)
        try:
            json.dumps(found)
        except TypeError as error:
            raise ValueError(value) from error
        return tuple(found)

    @property
    def expected(self) -> str:
        """The form, for people."""
        return "a list of conditions, as in automations"


type Kind = Number | Switch | Choice | Choices | Clock | Entity | Entities | Conditions


def plain(value: Any) -> Any:
    """Answer a checked value as it is stored: in words of JSON."""
    match value:
        case StrEnum():
            return value.value
        case time():
            return value.isoformat("seconds" if value.second else "minutes")
        case tuple():
            return [plain(one) for one in value]
    return value


def _texts(value: object) -> list[str]:
    """Answer a list of texts; raise ValueError when the value is none."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ValueError(value)  # noqa: TRY004
    if not all(isinstance(text, str) for text in value):
        raise ValueError(value)
    return list(value)

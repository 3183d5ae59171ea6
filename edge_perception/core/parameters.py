"""The parameters of a node: what it declares, what it is given, and whether they fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
import math
import sys
from typing import Any, TypeVar

from edge_perception.core.names import did_you_mean, one_of

Value = bool | int | float | str | list[int] | list[float] | list[str]

_LARGEST = 2**63  # whole numbers have 64 bits, as ROS has them
_GREATEST = sys.float_info.max  # numbers are finite
_KINDS: dict[type, tuple[str, str]] = {
    bool: ("true or false", "a list of true or false"),
    int: ("a whole number", "a list of whole numbers"),
    float: ("a number", "a list of numbers"),
    str: ("a text", "a list of texts"),
}
"""What a value of a type is called, alone and in a list."""

_T = TypeVar("_T", bool, int, float, str)


class ParameterError(Exception):
    """A value that a parameter doesn't take: which, what it takes and what it received."""


@dataclass(frozen=True)
class Parameter:
    """
    A declared parameter.

    The default gives its type, so that of a list is not empty; range and choices are enforced. A
    ``live`` one can change while the node works: all that its range allows must be right then.
    """

    name: str
    default: Value
    description: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    read_only: bool = False
    live: bool = False

    def accept(self, value: object, name: str = "") -> Value:
        """
        Return a value as this parameter takes it: of its type, in its range, one of its choices.

        Whoever reads parameters, wherever from, asks this and checks nothing else. A whole number
        is taken for a number, too.

        :param name: what the person who gave it calls it, if that is not the parameter's name.
        :raises ParameterError: if the parameter doesn't take it.
        """
        accepted = _converted(value, self.default)
        if accepted is None or not self._allows(accepted):
            near = did_you_mean(value, self.choices) if isinstance(value, str) else ""
            raise ParameterError(
                f"{name or self.name} must be {self.expectation()}, received {value!r:.80}{near}"
            )
        return accepted

    def expectation(self) -> str:
        """Return which values it takes, e.g. "a number from 0.1 to 120"."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if isinstance(self.default, list):
            return _KINDS[type(self.default[0])][1]
        kind = _KINDS[type(self.default)][0]
        if self.minimum is None and self.maximum is None:
            return kind
        if self.maximum is None:
            return f"{kind} of at least {self.minimum:g}"
        if self.minimum is None:
            return f"{kind} of at most {self.maximum:g}"
        return f"{kind} from {self.minimum:g} to {self.maximum:g}"

    def _allows(self, value: Value) -> bool:
        if isinstance(value, str):
            return not self.choices or value in self.choices
        if isinstance(value, bool | list):
            return True
        low = -math.inf if self.minimum is None else self.minimum
        high = math.inf if self.maximum is None else self.maximum
        return low <= value <= high


class Parameters:
    """All parameters of a node with checked values: those that were given, or the defaults."""

    def __init__(
        self, declared: Iterable[Parameter], given: Mapping[str, object] | None = None
    ) -> None:
        """
        Check what is given and complete it.

        :raises ParameterError: at the first value that isn't taken, or name that isn't declared.
        """
        by_name = {parameter.name: parameter for parameter in declared}
        given = given or {}
        for name in given:
            if name not in by_name:
                raise ParameterError(f"there is no parameter {name!r}; {one_of(name, by_name)}")
        self._values: dict[str, Value] = {
            name: parameter.accept(given[name]) if name in given else parameter.default
            for name, parameter in by_name.items()
        }

    def values(self) -> dict[str, Value]:
        """Return all values by name."""
        return dict(self._values)

    def flag(self, name: str) -> bool:
        """Return the value of a parameter that is true or false."""
        return self._one(name, bool)

    def integer(self, name: str) -> int:
        """Return the value of a parameter that is a whole number."""
        return self._one(name, int)

    def number(self, name: str) -> float:
        """Return the value of a parameter that is a number."""
        return self._one(name, float)

    def text(self, name: str) -> str:
        """Return the value of a parameter that is a text."""
        return self._one(name, str)

    def integers(self, name: str) -> list[int]:
        """Return the value of a parameter that is a list of whole numbers."""
        return self._several(name, int)

    def numbers(self, name: str) -> list[float]:
        """Return the value of a parameter that is a list of numbers."""
        return self._several(name, float)

    def texts(self, name: str) -> list[str]:
        """Return the value of a parameter that is a list of texts."""
        return self._several(name, str)

    def _one(self, name: str, kind: type[_T]) -> _T:
        value = self._values[name]
        if type(value) is not kind:
            raise TypeError(f"the parameter {name} is no {kind.__name__}")
        return value

    def _several(self, name: str, kind: type[_T]) -> list[_T]:
        values = self._values[name]
        if not isinstance(values, list):
            raise TypeError(f"the parameter {name} is no list")
        return [value for value in values if isinstance(value, kind)]


def _converted(value: object, like: Value) -> Value | None:
    """Return a value in the type of another; None if it has a different one."""
    if not isinstance(like, list):
        return _single(value, type(like))
    if not isinstance(value, list | tuple):
        return None
    converted: list[Any] = [_single(one, type(like[0])) for one in value]
    return None if None in converted else converted


def _single(value: object, kind: type) -> bool | int | float | str | None:
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if -_GREATEST <= value <= _GREATEST else None
    if kind is int and isinstance(value, int) and not isinstance(value, bool):
        return value if -_LARGEST <= value < _LARGEST else None
    if kind is bool and isinstance(value, bool):
        return value
    return value if kind is str and isinstance(value, str) else None

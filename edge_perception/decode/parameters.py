"""The parameters that a manifest gives a decoder, read with their types and ranges."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np

from edge_perception.decode import DecodeError, finite, Tensors
from edge_perception.decode.detections import Floats
from edge_perception.decode.signature import Described
from edge_perception.runtime.manifest import Tensor

_LARGEST = 1 << 20
_LONGEST = 1024
_FAR = np.float32(1e9)


class Parameters:
    """
    What the manifest of a model says to its decoder.

    Each is read once, by the name that it has there; `check()` then refuses those that nobody has
    read. Every error is a `DecodeError` that names model, decoder and parameter.
    """

    def __init__(self, model: Described) -> None:
        self._model = model
        self._given = model.decoder.parameters
        self._known: list[str] = []

    def output(self, name: str, default: int | str = 0) -> Tensor:
        """
        Return the output tensor that the parameter names.

        :param default: the name, or the position among the outputs, of the usual one.
        """
        if isinstance(default, int):
            names = [tensor.name for tensor in self._model.outputs]
            default = names[default] if default < len(names) else ""
        wanted = self.text(name, default)
        if not wanted:
            have = ", ".join(tensor.name for tensor in self._model.outputs) or "none"
            raise misfit(self._model, f"it needs an output for {name!r}, the model has {have}")
        return self._output(wanted)

    def outputs(self, name: str, default: Sequence[str] | None = None) -> tuple[Tensor, ...]:
        """
        Return the output tensors that the parameter lists.

        :param default: names of the usual ones; None: all.
        """
        if default is None:
            default = [tensor.name for tensor in self._model.outputs]
        names = self._read(name, list(default))
        if (names and not _is_list(names, 0)) or not all(isinstance(one, str) for one in names):
            raise self._error(name, "a list of the names of outputs", names)
        return tuple(self._output(one) for one in names)

    def optional_output(self, name: str) -> Tensor | None:
        """Return the output tensor that the parameter names, None if it is not given."""
        wanted = self.text(name, "")
        return self._output(wanted) if wanted else None

    def text(self, name: str, default: str, choices: Sequence[str] = ()) -> str:
        """Return a text, one of the choices if there are any."""
        value = self._read(name, default)
        if not isinstance(value, str) or (choices and value not in choices):
            raise self._error(name, " or ".join(map(repr, choices)) or "a text", value)
        return value

    def flag(self, name: str, default: bool) -> bool:
        """Return true or false."""
        value = self._read(name, default)
        if not isinstance(value, bool):
            raise self._error(name, "true or false", value)
        return value

    def number(self, name: str, default: float, least: float, most: float) -> float:
        """Return a number of a range."""
        value = self._read(name, default)
        if not _is_number(value) or not least <= value <= most:
            raise self._error(name, f"a number from {least:g} to {most:g}", value)
        return float(value)

    def integer(self, name: str, default: int, least: int = 0, most: int = _LARGEST) -> int:
        """Return an integer of a range."""
        value = self._read(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self._error(name, f"an integer from {least} to {most}", value)
        return value

    def numbers(
        self, name: str, default: Sequence[float], count: int = 0, least: float = -_LARGEST
    ) -> tuple[float, ...]:
        """Return a list of numbers, ``count`` of them if that is not 0, none below ``least``."""
        value = self._read(name, list(default))
        if not _is_list(value, count) or not all(map(_is_number, value)) or min(value) < least:
            some = f"{count} numbers" if count else "numbers"
            raise self._error(name, f"a list of {some}, none below {least:g}", value)
        return tuple(map(float, value))

    def lists(self, name: str, count: int = 0) -> tuple[tuple[float, ...], ...]:
        """Return lists of positive numbers, ``count`` of them if that is not 0; () without."""
        value = self._read(name, None)
        if value is None:
            return ()
        if not _is_list(value, count) or not all(map(_is_positive_list, value)):
            raise self._error(name, f"{count or 'some'} lists of positive numbers", value)
        return tuple(tuple(map(float, row)) for row in value)

    def strides(self, default: Sequence[int]) -> tuple[int, ...]:
        """Return the distances of a model's cells in its input [pixel], one a grid."""
        value = self._read("strides", list(default))
        if not _is_list(value, 0) or not all(isinstance(x, int) and 1 < x <= 4096 for x in value):
            raise self._error("strides", "a list of integers from 2 to 4096", value)
        return tuple(value)

    def check(self) -> None:
        """Refuse what nobody has read."""
        for name in self._given:
            if name not in self._known:
                near = get_close_matches(name, self._known, 1)
                raise DecodeError(
                    f"the decoder {self._model.decoder.kind!r} of {self._model.name} has no "
                    f"parameter {name!r}; "
                    + (f"is {near[0]!r} meant?" if near else f"it has {', '.join(self._known)}")
                )

    def _read(self, name: str, default: Any) -> Any:
        self._known.append(name)
        return self._given.get(name, default)

    def _output(self, name: str) -> Tensor:
        for tensor in self._model.outputs:
            if tensor.name == name:
                return tensor
        raise DecodeError(
            f"the decoder of {self._model.name} reads the output {name!r}, but the model has "
            f"{', '.join(tensor.name for tensor in self._model.outputs) or 'none'}"
        )

    def _error(self, name: str, expected: str, value: Any) -> DecodeError:
        return DecodeError(
            f"the parameter {name!r} of the decoder {self._model.decoder.kind!r} of "
            f"{self._model.name} is {str(value)[:100]!r}, expected {expected}"
        )


def misfit(model: Described, what: str) -> DecodeError:
    """
    Return the error that a model's outputs are not as its decoder reads them.

    :param what: differs, as the rest of a sentence.
    """
    return DecodeError(
        f"the model {model.name} does not fit its decoder {model.decoder.kind!r}: {what}; compile "
        "it with another decoder, or with other parameters of it"
    )


def check_maps(model: Described, maps: Sequence[Tensor]) -> None:
    """
    Check that outputs are maps of one size, [1, C, h, w].

    :raises DecodeError: if they are not.
    """
    if any(len(x.shape) != 4 or x.shape[0] != 1 or x.shape[2:] != maps[0].shape[2:] for x in maps):
        shapes = ", ".join(f"{one.name} {list(one.shape)}" for one in maps)
        raise misfit(model, f"the outputs {shapes} are no maps of one size")


def read(tensors: Tensors, tensor: Tensor) -> Floats:
    """
    Return an output as float32, in the shape that the manifest states.

    Numbers are cut at 1e9: no position or score is larger, and what is made of them is finite.

    :raises DecodeError: if it has a NaN or an infinity.
    """
    values = finite(tensor.name, tensors[tensor.name]).reshape(tensor.shape)
    return np.clip(values, -_FAR, _FAR)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST


def _is_list(value: Any, count: int) -> bool:
    return isinstance(value, list) and 0 < len(value) <= _LONGEST and count in (0, len(value))


def _is_positive_list(value: Any) -> bool:
    return _is_list(value, 0) and all(_is_number(x) and x > 0 for x in value)

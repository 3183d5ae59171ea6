"""Dataclasses to JSON values and back, checked against their type hints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
import dataclasses
import functools
import json
import math
import types
import typing
from typing import Any, get_args, get_origin, TypeVar

from edge_perception.runtime.errors import BundleError

T = TypeVar("T")

LARGEST_INTEGER = 2**53 - 1
DEEPEST = 32


def parse(text: str, where: str) -> Any:
    """
    Parse strict JSON: no NaN or infinity, no field twice.

    :param where: names the text in errors.
    :raises BundleError: if it is not JSON.
    """
    try:
        return json.loads(
            text, parse_constant=_refuse_constant, object_pairs_hook=object_without_duplicates
        )
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{where} is not valid JSON: {error}") from None


def encode(value: Any) -> Any:
    """Turn a dataclass, and all within it, into what ``json.dumps`` takes."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: encode(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    return value


def decode(cls: type[T], value: Any, path: str = "$") -> T:
    """
    Make an instance of ``cls`` from a JSON value.

    :param path: of the value, for errors: ``$.model.inputs[0].shape``.
    :raises BundleError: on a missing, unknown or wrongly typed field.
    """
    return typing.cast(T, _decode(cls, value, path))


def _decode(hint: Any, value: Any, path: str) -> Any:
    origin = get_origin(hint)
    if dataclasses.is_dataclass(hint):
        return _decode_dataclass(typing.cast(type, hint), value, path)
    if origin in (typing.Union, types.UnionType):
        inner = next(item for item in get_args(hint) if item is not types.NoneType)
        return None if value is None else _decode(inner, value, path)
    if origin is tuple:
        items = _require(value, list, "a list", path)
        inner = get_args(hint)[0]
        return tuple(_decode(inner, item, f"{path}[{i}]") for i, item in enumerate(items))
    if origin is dict:
        fields = _require_object(value, path)
        inner = get_args(hint)[1]
        return {key: _decode(inner, item, f"{path}.{key}") for key, item in fields.items()}
    return _DECODERS[hint](value, path)


@functools.cache
def _hints(cls: type) -> dict[str, Any]:
    """Return the types of a dataclass's fields; a manifest has thousands of a few classes."""
    return typing.get_type_hints(cls)


def _decode_dataclass(cls: type, value: Any, path: str) -> Any:
    given = _require_object(value, path)
    hints = _hints(cls)
    fields = [field.name for field in dataclasses.fields(cls)]
    for name in fields:
        if name not in given:
            raise BundleError(f"{path}.{name} is missing")
    for name in given:
        if name not in hints:
            raise BundleError(f"{path}.{name} is unknown to this version")
    return cls(**{name: _decode(hints[name], given[name], f"{path}.{name}") for name in fields})


def _decode_any(value: Any, path: str, depth: int = 0) -> Any:
    if depth > DEEPEST:
        raise BundleError(f"{path} is nested too deeply")
    if isinstance(value, (list, tuple)):
        return [_decode_any(item, f"{path}[{i}]", depth + 1) for i, item in enumerate(value)]
    if isinstance(value, dict):
        fields = _require_object(value, path)
        return {key: _decode_any(item, f"{path}.{key}", depth + 1) for key, item in fields.items()}
    if isinstance(value, float):
        return _decode_float(value, path)
    if isinstance(value, str):
        return _decode_str(value, path)
    if value is None or isinstance(value, (bool, int)):
        return value
    raise BundleError(f"{path} must be a JSON value but is a {type(value).__name__}")


def _decode_int(value: Any, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST_INTEGER:
        raise BundleError(f"{path} must be an integer within 2^53 but is {_short(value)}")
    return value


def _decode_float(value: Any, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BundleError(f"{path} must be a number but is {_short(value)}")
    if abs(value) > 1e300 or math.isnan(value):
        raise BundleError(f"{path} must be a finite number but is {_short(value)}")
    return float(value)


def _decode_str(value: Any, path: str) -> str:
    text = str(_require(value, str, "a string", path))
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise BundleError(f"{path} is no Unicode text: {_short(value)}")
    return text


def _decode_bool(value: Any, path: str) -> bool:
    return bool(_require(value, bool, "true or false", path))


_DECODERS: dict[Any, Callable[[Any, str], Any]] = {
    Any: _decode_any,
    int: _decode_int,
    float: _decode_float,
    str: _decode_str,
    bool: _decode_bool,
}


def _require(value: Any, kind: type, name: str, path: str) -> Any:
    if not isinstance(value, kind):
        raise BundleError(f"{path} must be {name} but is {_short(value)}")
    return value


def _require_object(value: Any, path: str) -> dict[str, Any]:
    fields: dict[str, Any] = _require(value, dict, "an object", path)
    if not all(isinstance(key, str) and key.isprintable() for key in fields):
        raise BundleError(f"{path} has a field whose name can't be printed")
    return fields


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def object_without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """
    Return an object of JSON, where ``json.loads`` would take the last field of a name.

    :raises ValueError: if there are two.
    """
    result = dict(pairs)
    if len(result) != len(pairs):
        [(twice, _)] = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"{twice[:40]!a} stands twice in an object")
    return result

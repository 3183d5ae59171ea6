"""
Messages to bytes and back: CDR as ROS 2 writes it (XCDR version 1).

A codec is made once for each type and byte order. Every number is aligned to its own size,
counted from the end of the four bytes that tell the encoding. A message and those nested in it
are one list of leaves: numbers, strings, arrays. Consecutive numbers and fixed arrays of numbers
are packed together, whichever message they are of; arrays of numbers are not copied when they are
read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
import functools
import itertools
from operator import attrgetter, itemgetter
import struct
from typing import Any, NamedTuple, TypeAlias, TypeVar

from edge_perception.messages import elements
from edge_perception.messages.classes import definition, get, Message
from edge_perception.messages.definition import MessageError, NUMBERS, Type
from edge_perception.messages.elements import Codec, HEADER, Order

_M = TypeVar("_M", bound=Message)

_Picker: TypeAlias = Callable[[Sequence[Any]], Sequence[Any]]

_ENCODINGS: dict[bytes, Order] = {b"\0\0": ">", b"\0\1": "<"}


def serialize(message: Message) -> bytes:
    """
    Return the bytes of a message, as ``rclpy.serialization.serialize_message`` does.

    Padding is zero, where rclpy leaves in it what memory held; so equal messages are equal bytes.
    Sequences of numbers may be lists, arrays, or anything with the buffer protocol.

    :raises MessageError: if a field's value does not fit its type.
    """
    name = getattr(message, "__msgtype__", None)
    if name is None:
        raise MessageError(f"a message is expected, received {type(message).__name__}")
    out = bytearray(b"\0\1\0\0")
    _codec(name, "<").write(out, message)
    return bytes(out)


def deserialize(data: bytes | bytearray | memoryview, cls: type[_M]) -> _M:
    """
    Return the message that bytes mean; arrays of numbers are read-only views into ``data``.

    Bytes after the end of the message are ignored, as some ROS middleware pads messages.

    :param cls: the message's class.
    :raises MessageError: if the bytes aren't a message of this type.
    """
    name = cls.__msgtype__
    buffer = memoryview(data).toreadonly().cast("B")
    order = _ENCODINGS.get(bytes(buffer[:2])) if len(buffer) >= HEADER else None
    if order is None:
        raise MessageError(
            f"{name}: expected a message in plain CDR, which starts with 00 00 or 00 01; "
            f"received {len(buffer)} bytes starting with {bytes(buffer[:4]).hex(' ') or 'nothing'}"
        )
    message: _M = _codec(name, order).read(buffer[HEADER:], 0)[0]
    return message


class _Leaf(NamedTuple):
    """
    A field, of the message or of one nested in it, that is no single message itself.

    :ivar path: the names that lead to it, joined by dots.
    :ivar type: None for an empty message, without a value: rosidl gives it one byte, as C has no
        empty structures.
    """

    path: str
    type: Type | None


class _Nested(NamedTuple):
    """
    A message in another one.

    :ivar path: the names that lead to it, joined by dots.
    :ivar fields: those that lead to its fields.
    """

    path: str
    cls: type[Message]
    fields: tuple[str, ...]


class _Part(NamedTuple):
    """
    What is written and read together.

    :ivar run: whether it is a run of numbers, whose values come as a sequence, when they are read
        arrays last; else it is a single leaf, whose value comes by itself.
    :ivar get: get the value or values from the message.
    """

    leaves: tuple[_Leaf, ...]
    run: bool
    get: Callable[[Message], Any]
    codec: Codec


@functools.cache
def _codec(name: str, order: Order) -> Codec:
    """Make the codec of a message; ``order`` is "<" or ">"."""
    cls = get(name)
    leaves: list[_Leaf] = []
    nested: list[_Nested] = []
    fields = _flatten(name, "", leaves, nested)
    parts = list(_parts(leaves, order))
    makers, pick = _assembly(parts, nested, fields)
    are_placed = _classes_check(nested)

    def write(out: bytearray, message: Message) -> None:
        if message.__class__ is not cls:
            raise MessageError(f"a {name} is expected, received {type(message).__name__}")
        if nested and not are_placed(message):
            raise MessageError(_misplaced(name, nested, message))
        for part in parts:
            value = part.get(message)
            try:
                part.codec.write(out, value)
            except (MessageError, struct.error, OverflowError, TypeError, ValueError) as error:
                raise MessageError(f"{name}{_why_unwritten(part, value, error)}") from None

    def read(buffer: memoryview, position: int) -> tuple[Message, int]:
        values: list[Any] = []
        for part in parts:
            try:
                value, position = part.codec.read(buffer, position)
            except struct.error:
                why = f"the data ends too early, after {HEADER + len(buffer)} bytes"
                raise MessageError(f"{name}, {_span(part)}: {why}") from None
            except MessageError as error:
                raise MessageError(f"{name}, {_span(part)}: {error}") from None
            if part.run:
                values += value
            else:
                values.append(value)
        for kind, pick_fields in makers:
            values.append(kind(*pick_fields(values)))
        return cls(*pick(values)), position

    return Codec(write, read, sum(part.codec.least for part in parts))


def _flatten(name: str, path: str, leaves: list[_Leaf], nested: list[_Nested]) -> tuple[str, ...]:
    """
    Append a message's leaves in the order of their bytes, and what is nested in it, inner first.

    :param path: what leads to its fields: empty, or ends with a dot.
    :returns: the paths of its fields.
    """
    fields = definition(name).fields
    if not fields:
        leaves.append(_Leaf(path.rstrip("."), None))
    for field in fields:
        kind, here = field.type, path + field.name
        if kind.array or kind.base in NUMBERS or kind.base == "string":
            leaves.append(_Leaf(here, kind))
        else:
            inner = _flatten(kind.base, f"{here}.", leaves, nested)
            nested.append(_Nested(here, get(kind.base), inner))
    return tuple(path + field.name for field in fields)


def _assembly(
    parts: Sequence[_Part], nested: Sequence[_Nested], fields: Sequence[str]
) -> tuple[list[tuple[type[Message], _Picker]], _Picker]:
    """
    Return how messages are made of the values read.

    :param fields: paths of the outermost message's.
    :returns: of those in it, in their order, what picks their fields; each then joins the values.
        And what picks the fields of the outermost.
    """
    places: dict[str, int] = {}
    for part in parts:
        singles = [leaf for leaf in part.leaves if leaf.type is not None and not leaf.type.array]
        arrays = [leaf for leaf in part.leaves if leaf.type is not None and leaf.type.array]
        for leaf in (*singles, *arrays):
            places[leaf.path] = len(places)
    makers = []
    for one in nested:
        makers.append((one.cls, _picker([places[path] for path in one.fields])))
        places[one.path] = len(places)
    return makers, _picker([places[path] for path in fields])


def _picker(places: Sequence[int]) -> _Picker:
    """Return what picks the values at any number of places."""
    if len(places) > 1:
        return itemgetter(*places)
    return itemgetter(slice(places[0], places[0] + 1) if places else slice(0))


def _parts(leaves: Sequence[_Leaf], order: Order) -> Iterator[_Part]:
    """Split leaves into runs of numbers, and others one by one."""
    for is_run, group in itertools.groupby(leaves, key=lambda leaf: _in_run(leaf.type)):
        if is_run:
            run = tuple(group)
            get_all = _getter([leaf.path for leaf in run if leaf.type is not None])
            kinds = [leaf.type for leaf in run]
            yield _Part(run, True, get_all, elements.numbers(kinds, order))
        else:
            for leaf in group:
                assert leaf.type is not None
                yield _Part((leaf,), False, attrgetter(leaf.path), _field(leaf.type, order))


def _in_run(kind: Type | None) -> bool:
    """Return whether a leaf has a fixed number of bytes, which only have to be laid out."""
    if kind is None or (kind.base in NUMBERS and not kind.array):
        return True
    # a byte other than 0 and 1 is no valid element of a bool array
    return kind.base in NUMBERS and kind.base != "bool" and kind.fixed and bool(kind.size)


def _getter(paths: Sequence[str]) -> Callable[[Message], Sequence[Any]]:
    """Return what gets the values at any number of paths."""
    if len(paths) > 1:
        return attrgetter(*paths)
    ones = [attrgetter(path) for path in paths]
    return lambda message: [one(message) for one in ones]


def _field(kind: Type, order: Order) -> Codec:
    """Return the codec of a string, or of an array or sequence of anything."""
    if kind.base in NUMBERS:
        return elements.number_array(NUMBERS[kind.base], kind, order)
    text = kind.base == "string"
    one = elements.string(kind.limit, order) if text else _codec(kind.base, order)
    return elements.sequence(one, kind, order) if kind.array else one


def _span(part: _Part) -> str:
    """Name a part's fields, in an error."""
    first, last = part.leaves[0].path, part.leaves[-1].path
    return first if first == last else f"{first} to {last}"


def _classes_check(nested: Sequence[_Nested]) -> Callable[[Message], bool]:
    """Return what tells whether all nested messages are of their classes."""
    get_all = _getter([each.path for each in nested])
    classes = tuple(each.cls for each in nested)

    def are_placed(message: Message) -> bool:
        try:
            return tuple(map(type, get_all(message))) == classes
        except AttributeError:  # one that is no message has no fields
            return False

    return are_placed


def _misplaced(name: str, nested: Sequence[_Nested], message: Message) -> str:
    """Describe the outermost nested message that is of another class."""
    for path, cls, _ in reversed(nested):  # outer before inner
        value = attrgetter(path)(message)
        if type(value) is not cls:
            expected, received = cls.__msgtype__, type(value).__name__
            return f"{name}, {path}: a {expected} is expected, received {received}"
    raise AssertionError("every nested message is of its class")


def _why_unwritten(part: _Part, value: Any, error: Exception) -> str:
    """Describe what of a part can't be written, behind the name of its message."""
    misfits = _misfits(part, value)
    if isinstance(error, MessageError):
        return f", {misfits[0][0]}: {error}"
    received = ", ".join(f"{path}={one!r:.40}" for path, one in misfits)
    return f": a value does not fit the type of its field ({error}); received {received}"


def _misfits(part: _Part, value: Any) -> list[tuple[str, Any]]:
    """Return those values of a part that do not fit, with the paths to them."""
    if not part.run:
        return [(part.leaves[0].path, value)]
    valued = [leaf for leaf in part.leaves if leaf.type is not None]
    return [
        (leaf.path, one)
        for leaf, one in zip(valued, value, strict=True)
        if not _fits(leaf.type, one)
    ]


def _fits(kind: Type | None, value: Any) -> bool:
    try:
        elements.numbers([kind], "<").write(bytearray(HEADER), [value])
    except (MessageError, struct.error, OverflowError, TypeError, ValueError):
        return False
    return True

"""The definitions of messages as bags hold them (ros2msg)."""

from __future__ import annotations

import functools

from edge_perception.messages import MessageError
from edge_perception.messages.classes import definition, source
from edge_perception.messages.definition import Definition, full_name, NUMBERS, parse

_LINE = "=" * 80


@functools.cache
def text(name: str) -> str:
    """
    Return the definition of a message and of all that it is made of.

    :raises MessageError: if there is no such message.
    """
    parts = [source(name)]
    parts += [f"{_LINE}\nMSG: {one.replace('/msg/', '/')}\n{source(one)}" for one in _parts(name)]
    return "\n".join(part.rstrip("\n") for part in parts) + "\n"


@functools.cache
def difference(name: str, theirs: str) -> str:
    """
    Return why messages of a bag can't be read as ours; empty if they can.

    :param theirs: the definition in the bag; empty: it holds none, and the bytes decide.
    """
    try:
        ours = definition(full_name(name))
        if not theirs:
            return ""
        own = {full_name(name): theirs.split(_LINE)[0]}
        for part in theirs.split(_LINE)[1:]:
            head, _, body = part.strip().partition("\n")
            own[full_name(head.removeprefix("MSG:").strip())] = body
        for one in (ours.name, *_parts(ours.name)):
            if one in own and _fields(parse(one, own[one])) != _fields(definition(one)):
                return f"the bag defines {one} otherwise than edge_perception does"
    except MessageError as error:
        return str(error)
    return ""


def _fields(meaning: Definition) -> list[tuple[str, object]]:
    return [(field.name, field.type) for field in meaning.fields]


def _parts(name: str) -> list[str]:
    """Return the messages that a message is made of, at any depth, each once."""
    found: dict[str, None] = {}
    rest = [name]
    while rest:
        for field in definition(rest.pop(0)).fields:
            base = field.type.base
            if base not in NUMBERS and base != "string" and base not in found:
                found[base] = None
                rest.append(base)
    return list(found)

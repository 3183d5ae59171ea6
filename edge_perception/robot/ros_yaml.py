"""YAML as ROS reads parameters of it, which is neither YAML 1.1 nor 1.2."""

from __future__ import annotations

from dataclasses import dataclass
import re
from typing import Any, ClassVar

import yaml


@dataclass(frozen=True)
class Pairs:
    """
    A mapping.

    :ivar items: keys and values; where a key stands twice, rcl takes what is below both.
    """

    items: list[tuple[Any, Any]]


class _Loader(yaml.SafeLoader):
    bool_values: ClassVar = {**yaml.SafeLoader.bool_values, "y": True, "n": False}


_Loader.yaml_implicit_resolvers = {}
_WORDS = ("y", "yes", "on", "true", "n", "no", "off", "false")
for _tag, _text in (
    ("null", ""),
    ("bool", "|".join(f"{word}|{word.title()}|{word.upper()}" for word in _WORDS)),
    ("int", r"[-+]?(0[0-7]*|[1-9]\d*|0x[0-9a-fA-F]+)"),
    ("float", r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|[-+]?\.?(inf|Inf|INF)|\.?(nan|NaN|NAN)"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"({_text})$"), None)


def _pairs(loader: _Loader, node: yaml.MappingNode) -> Pairs:
    return Pairs([tuple(loader.construct_object(x, deep=True) for x in p) for p in node.value])


_Loader.add_constructor("tag:yaml.org,2002:map", _pairs)


def load(text: str) -> Any:
    """
    Return what a text holds, taking for a number or truth value what rcl does.

    1e-3 is a number, ``y`` is true, but 1:30, 1_000, 2001-01-01 and ~ are text. Mappings are
    `Pairs`.

    :raises yaml.YAMLError: if it is no YAML
    """
    return yaml.load(text, _Loader)

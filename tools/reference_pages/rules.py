"""The keys of rule files, from their JSON schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import json
from typing import Any

from edge_perception.core.decision.rule_schema import schema
from reference_pages.markdown import code, prose, table

_Row = tuple[str, str, str]


def page() -> str:
    """Return the page of all keys."""
    whole = schema()
    parts = [
        "# Keys of rule files",
        "[Rules](../rules.md) explains them by examples. `config/rules.schema.json` is the same "
        "for editors. NAME stands for a name of your choice, `[]` for each element of a list.",
        _keys(whole),
    ]
    for name, kind in whole["$defs"].items():
        parts += [f"## {name}", _keys(kind)]
    return "\n\n".join(parts) + "\n"


def _keys(kind: Mapping[str, Any]) -> str:
    return table(("key", "takes", "meaning"), _rows(kind, ""))


def _rows(kind: Mapping[str, Any], path: str) -> Iterator[_Row]:
    """Yield a row for each key of a mapping and of what stands in it."""
    required = kind.get("required", ())
    named = kind.get("additionalProperties")
    entries = [(key, below, key in required) for key, below in kind.get("properties", {}).items()]
    if isinstance(named, Mapping):
        entries.append(("NAME", named, False))
    for key, below, needed in entries:
        at = f"{path}.{key}" if path else key
        said = prose(str(below.get("description", ""))) + (" (required)" if needed else "")
        yield code(at), _takes(below), said
        yield from _rows(below, at)
    if isinstance(items := kind.get("items"), Mapping):
        yield from _rows(items, f"{path}[]")
    for other in (*kind.get("oneOf", ()), *kind.get("anyOf", ())):
        yield from _rows(other, path)


def _takes(kind: Mapping[str, Any]) -> str:
    """Return what values a schema takes, in words."""
    if "$ref" in kind:
        name = kind["$ref"].rpartition("/")[2]
        return f"a [{name}](#{name})"
    if "const" in kind:
        return code(json.dumps(kind["const"]))
    if "enum" in kind:
        return ", ".join(code(json.dumps(value)) for value in kind["enum"])
    if choices := (*kind.get("oneOf", ()), *kind.get("anyOf", ())):
        return " or ".join(dict.fromkeys(map(_takes, choices)))
    if kind.get("type") == "array" and isinstance(kind.get("items"), Mapping):
        return f"list of {_takes(kind['items'])}"
    bounds = [
        f"{word} {kind[key]:g}"
        for key, word in (
            ("minimum", "at least"),
            ("exclusiveMinimum", "more than"),
            ("maximum", "at most"),
        )
        if key in kind
    ]
    pattern = f", {code(kind['pattern'])}" if "pattern" in kind else ""
    return (
        _NAMES.get(kind.get("type", ""), "anything") + "".join(f", {b}" for b in bounds) + pattern
    )


_NAMES = {
    "object": "mapping",
    "array": "list",
    "string": "text",
    "number": "number",
    "integer": "whole number",
    "boolean": "true or false",
}

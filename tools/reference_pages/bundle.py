"""The format of bundles: the dataclasses by which manifest and record are read and written."""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses
import inspect
import re
from typing import Any, get_type_hints

from edge_perception.runtime import manifest
from edge_perception.runtime.manifest import Manifest
from edge_perception.runtime.record import Record
from reference_pages.markdown import code, prose, table


def page() -> str:
    """Return the page of the format."""
    parts = [
        "# Bundle format",
        f"Version {manifest.VERSION} of the format {code(manifest.FORMAT)}, version "
        f"{manifest.ABI_VERSION} of the C interface. A bundle is a folder, or the same files in "
        f"one. {code(manifest.MANIFEST_NAME)} has a {code('Manifest')}, which a signature "
        f"({code(manifest.SIGNATURE_NAME)}) covers; {code(manifest.RECORD_NAME)} has a "
        f"{code('Record')} of what was true of one build.",
        _paragraphs(manifest.__doc__),
    ]
    for kind in _reached(Manifest, Record):
        parts += [f"## {kind.__name__}", *_class(kind)]
    return "\n\n".join(filter(None, parts)) + "\n"


def _reached(*roots: type[Any]) -> list[type[Any]]:
    """Return dataclasses, and all that stand in their fields, each once."""
    found = list(roots)
    for kind in found:
        for hint in get_type_hints(kind).values():
            found += [other for other in _inside(hint) if other not in found]
    return found


def _inside(hint: Any) -> Iterator[type[Any]]:
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        yield hint
    for argument in getattr(hint, "__args__", ()):
        yield from _inside(argument)


def _class(kind: type[Any]) -> Iterator[str]:
    text = inspect.getdoc(kind) or ""
    about, *meanings = re.split(r"^:ivar (?=\w+:)", text, flags=re.MULTILINE)
    said = {name: meaning for name, _, meaning in (part.partition(":") for part in meanings)}
    yield _paragraphs(about)
    fields = dataclasses.fields(kind)
    yield table(
        ("field", "type", "default", "meaning"),
        [
            (code(f.name), code(str(f.type)), code(_default(f)), prose(said.get(f.name, "")))
            for f in fields
        ],
    )


def _default(declared: dataclasses.Field[Any]) -> str:
    if declared.default is not dataclasses.MISSING:
        return repr(declared.default)
    if declared.default_factory is not dataclasses.MISSING:
        return repr(declared.default_factory())
    return ""


def _paragraphs(docstring: str | None) -> str:
    """Return a docstring as Markdown: what it has in two backticks is code."""
    return inspect.cleandoc(docstring or "").replace("``", "`")

"""
What MkDocs calls when it makes the site: pages of the repository beside docs/, and the reference.

Pages link to files of the repository, as they do where the repository is looked at. A file that a
page names so is a page of the site, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import posixpath
import re

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from reference_pages import PAGES
from reference_pages.markdown import block

ROOT = Path(__file__).parents[1]
MOVED = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "architecture.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "bench/README.md": "bench.md",
    "edge_compiler/README.md": "rooms/compiler.md",
    "edge_compiler/targets/README.md": "rooms/targets.md",
    "edge_perception/README.md": "rooms/robot.md",
}
"""Pages that are not in docs/, and where they are in the site."""

_PICTURES = (".png", ".jpg")
_LINK = re.compile(r"(?<=\]\()(?![a-z+]+:|#)([^)#\s]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are not in docs/."""
    for source, place in MOVED.items():
        files.append(File.generated(config, place, content=(ROOT / source).read_text("utf-8")))
    shown = {path for file in files.documentation_pages() for path in _shown(file)}
    for path in sorted(shown):
        if path.endswith(_PICTURES):
            picture = (ROOT / path).read_bytes()
            files.append(File.generated(config, _place(path), content=picture))
            continue
        text = (ROOT / path).read_text("utf-8")
        shape = f"# {path}\n\n{block(text, _language(path))}"
        files.append(File.generated(config, _place(path), content=shape))
    for place, make in PAGES.items():
        files.append(File.generated(config, place, content=make()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links lead to where their files are in the site."""
    origin = _origin(page.file.src_uri)
    if origin is None:
        return markdown
    here = posixpath.dirname(page.file.src_uri)

    def moved(link: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(origin), link[0]))
        return posixpath.relpath(_place(path), here or ".") if (ROOT / path).exists() else link[0]

    return _LINK.sub(moved, markdown)


def _shown(file: File) -> Iterator[str]:
    """Yield the files of the repository outside of docs/ that a page links to."""
    origin = _origin(file.src_uri)
    for link in _LINK.findall(file.content_string) if origin else ():
        path = posixpath.normpath(posixpath.join(posixpath.dirname(origin or ""), link))
        if _place(path).startswith("source/") and (ROOT / path).is_file():
            yield path


def _origin(place: str) -> str | None:
    """Return where in the repository a page of the site was written; None if nobody wrote it."""
    for source, moved in MOVED.items():
        if moved == place:
            return source
    path = f"docs/{place}"
    return path if (ROOT / path).is_file() else None


def _place(path: str) -> str:
    """Return where in the site a file of the repository is."""
    if path in MOVED:
        return MOVED[path]
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    return f"source/{path}" if path.endswith(_PICTURES) else f"source/{path}.md"


def _language(path: str) -> str:
    return {"h": "c", "urdf": "xml", "rviz": "yaml", "service": "ini"}.get(
        path.rpartition(".")[2], path.rpartition(".")[2].lower()
    )

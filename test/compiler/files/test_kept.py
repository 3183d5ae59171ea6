"""What is the same for every model is made once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from edge_compiler.errors import CompileError
from edge_compiler.files.kept import kept


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of an empty cache."""
    monkeypatch.setenv("EDGE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def _writer(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(text)


def test_what_is_kept_is_not_made_again(cache: Path) -> None:
    first = kept("some/thing", ["flags"], _writer("first"))
    assert first.parent == cache / "some"
    assert kept("some/thing", ["flags"], _writer("second")) == first
    assert first.read_text() == "first"


def test_other_words_and_other_files_make_another(cache: Path, tmp_path: Path) -> None:
    source = tmp_path / "source.c"
    made = set()
    for content in ("int a;", "int b;"):
        source.write_text(content)
        made |= {kept("thing", words, _writer("")) for words in ([source], ["-O2", source])}
    made |= {kept("thing", words, _writer("")) for words in (["ab", "c"], ["a", "bc"])}
    assert len(made) == 6


def test_what_fails_leaves_nothing(cache: Path) -> None:
    def fail(path: Path) -> None:
        path.write_text("half")
        raise CompileError("no space")

    with pytest.raises(CompileError, match="no space"):
        kept("thing", [], fail)
    assert list(cache.iterdir()) == []


def test_one_that_comes_second_takes_what_is_there(cache: Path) -> None:
    def overtaken(path: Path) -> None:
        kept("thing", [], _writer_of_folder("other"))
        _writer_of_folder("mine")(path)

    assert [file.name for file in kept("thing", [], overtaken).iterdir()] == ["other"]


def _writer_of_folder(name: str) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        path.mkdir()
        (path / name).touch()

    return make

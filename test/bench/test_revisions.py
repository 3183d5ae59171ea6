"""The comparison with an earlier commit."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import revisions
from bench.cache import BenchError
from bench.revisions import Figure, revision_of, show


def test_sources_of_a_commit_are_written_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revisions, "cache_folder", lambda: tmp_path)
    revision = revision_of("HEAD")
    assert (revision.root / "edge_compiler" / "compile.py").is_file()
    stamp = revision.root.stat().st_mtime_ns
    assert revision_of(revision.name) == revision
    assert revision.root.stat().st_mtime_ns == stamp


def test_a_commit_that_is_not_there_is_named() -> None:
    with pytest.raises(BenchError, match="'nonsense' is no commit of"):
        revision_of("nonsense")


def test_ratios_and_their_geometric_mean_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    show("abc", {"a": {"ms": Figure(2.0, 1.0)}, "b": {"ms": Figure(1.0, 4.0)}})
    shown = capsys.readouterr().out
    assert "now / abc" in shown
    for value in ("0.500", "4.000", "1.414"):
        assert value in shown

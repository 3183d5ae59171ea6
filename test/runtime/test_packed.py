"""A bundle in one file is the bundle that it was made of, or is refused."""

from __future__ import annotations

from collections.abc import Callable
import io
from pathlib import Path
import random
import zipfile

import numpy as np
import pytest

from edge_perception.runtime import BundleError, install, load, Manifest, read_contents
from edge_perception.runtime.install import roll_back
from edge_perception.runtime.packed import Packed, write_packed
from edge_perception.runtime.packing import pack


@pytest.fixture(scope="module")
def packed(whole: tuple[Path, Manifest], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("packed") / "box.edge"
    pack(whole[0], path)
    return path


def test_it_is_the_bundle_and_any_tool_can_unpack_it(
    whole: tuple[Path, Manifest], packed: Path, tmp_path: Path
) -> None:
    folder, manifest = whole
    assert read_contents(packed) == read_contents(folder)
    with load(folder, selftest=True) as one, load(packed, selftest=True) as other:
        x = {"x": np.ones(manifest.model.inputs[0].shape, np.float32)}
        np.testing.assert_equal(one.run(x), other.run(x))
    with zipfile.ZipFile(packed) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "out.edge")
    assert read_contents(tmp_path / "out.edge") == read_contents(folder)
    pack(tmp_path / "out.edge", tmp_path / "again.edge")
    assert (tmp_path / "again.edge").read_bytes() == packed.read_bytes()


def test_no_changed_byte_goes_unnoticed(
    packed: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    content = packed.read_bytes()
    path = tmp_path / "changed.edge"
    chosen = random.Random(0)
    for _ in range(request.config.getoption("--bytes")):
        at = chosen.randrange(len(content))
        changed = bytearray(content)
        changed[at] ^= chosen.randrange(1, 256)
        path.write_bytes(changed)
        with pytest.raises(BundleError, match=r"changed\.edge"):
            read_contents(path)  # byte `at`


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: content + b"\0",
        lambda content: content[: len(content) // 2],
        lambda content: b"x" + content,
        lambda content: b"PK\3\4",
        lambda content: b"",
    ],
)
def test_what_is_cut_off_or_added_is_refused(
    packed: Path, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "damaged.edge"
    path.write_bytes(damage(packed.read_bytes()))
    with pytest.raises(
        BundleError, match=r"is damaged, or no archive that|is no bundle: expected"
    ):
        load(path)


def archive(*names: str, compression: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as made:
        for name in names:
            made.writestr(zipfile.ZipInfo(name), b"content" * 100)
    return out.getvalue()


@pytest.mark.parametrize(
    "content", [archive("a"), archive("a", compression=zipfile.ZIP_DEFLATED), archive()]
)
def test_archives_of_others_are_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "others.edge"
    path.write_bytes(content)
    with pytest.raises(BundleError, match="pack it again with edgec pack"):
        Packed(path)


def test_no_file_is_there_twice(tmp_path: Path) -> None:
    path = tmp_path / "twice.edge"
    with path.open("wb") as out:
        write_packed(out, [("a", [b"1"]), ("a", [b"2"])])
    with pytest.raises(BundleError, match="byte 32 is not as expected"):
        Packed(path)


def test_it_is_installed_over_a_folder_and_rolled_back(
    bundle: Path, packed: Path, tmp_path: Path
) -> None:
    install(packed, bundle)
    assert bundle.read_bytes() == packed.read_bytes()
    roll_back(bundle)
    assert bundle.is_dir()
    load(bundle, selftest=True).close()
    roll_back(bundle)
    load(bundle, selftest=True).close()
    assert bundle.is_file()
    with pytest.raises(BundleError, match=r"nothing was installed over .* yet"):
        roll_back(packed)


def test_it_replaces_a_bundle_and_nothing_else(whole: tuple[Path, Manifest], bundle: Path) -> None:
    other = bundle.parent / "notes.txt"
    other.write_text("keep me")
    with pytest.raises(BundleError, match="exists and is no bundle"):
        pack(whole[0], other)
    assert other.read_text() == "keep me"
    pack(whole[0], bundle)
    assert read_contents(bundle) == read_contents(whole[0])

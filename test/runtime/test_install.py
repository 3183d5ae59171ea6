"""Another bundle takes the place of the old one at one moment, checked, or not at all."""

from collections.abc import Callable
from dataclasses import replace
import errno
import fcntl
import json
import os
from pathlib import Path
import shutil
import stat
import subprocess
import sys
import threading
from typing import Any

from box_model import Spec
from bundles import state_files_anew, write_bundle
import numpy as np
import pytest

from edge_perception.runtime import (
    BundleError,
    install,
    load,
    Manifest,
    read_manifest,
    swap,
    write_manifest,
)
from edge_perception.runtime.manifest import MANIFEST_NAME

Build = Callable[[Spec], Path]
NEWER = Spec(name="newer")
X = {"x": np.ones(Spec().shape, np.float32)}


@pytest.fixture
def newer(build: Build, tmp_path: Path) -> Path:
    (tmp_path / "incoming").mkdir()
    path = tmp_path / "incoming/box.edge"
    write_bundle(path, NEWER, build(NEWER))
    return path


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def only(bundle: Path) -> bool:
    """Return whether nothing but the last one was left beside the bundle."""
    expected = {bundle.name, f"{bundle.name}.last", "incoming"}
    return {path.name for path in bundle.parent.iterdir()} <= expected


def test_a_robot_that_runs_the_old_one_goes_on_and_the_next_gets_the_new(
    bundle: Path, newer: Path
) -> None:
    with load(bundle, selftest=True) as running:
        before = running.run(X)
        installed = install(newer, bundle)
        assert installed.contents.manifest == read_manifest(newer)
        assert set(installed.selftest_errors) == {"slow", "fast", "baseline"}
        after = running.run(X)
    for name, value in before.items():
        np.testing.assert_array_equal(after[name], value)
    with load(bundle, selftest=True) as model:
        assert model.manifest.model.name == "newer"
    assert content(bundle) == content(newer)
    assert only(bundle)


def test_at_every_moment_there_is_a_whole_bundle(
    bundle: Path, newer: Path, whole: tuple[Path, Manifest]
) -> None:
    """One thread loads it all the time while another exchanges it twenty times."""
    names: list[str] = []
    failures: list[BaseException] = []
    done = threading.Event()

    def load_all_the_time() -> None:
        try:
            while not done.is_set() or not names:
                with load(bundle, threads=1) as model:
                    names.append(model.manifest.model.name)
        except BaseException as failure:
            failures.append(failure)

    reader = threading.Thread(target=load_all_the_time)
    reader.start()
    for source in [newer, whole[0]] * 10:
        install(source, bundle)
    done.set()
    reader.join()
    assert not failures
    assert set(names) <= {"box", "newer"}


def test_the_first_one_is_installed_too_and_links_are_followed(
    newer: Path, tmp_path: Path
) -> None:
    place = tmp_path / "first.edge"
    (tmp_path / "current.edge").symlink_to(place.name)
    install(newer, tmp_path / "current.edge")
    assert (tmp_path / "current.edge").is_symlink()
    assert content(place) == content(newer)


def test_only_the_owner_may_change_what_was_installed(newer: Path, tmp_path: Path) -> None:
    for path in newer.iterdir():
        path.chmod(0o666)
    command = (sys.executable, "-m", "edge_perception.runtime", "install", newer, "new.edge")
    subprocess.run(command, check=True, cwd=tmp_path, umask=0, env=environment())
    for path in (tmp_path / "new.edge", *(tmp_path / "new.edge").iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) == (0o755 if path.is_dir() else 0o644)


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


def damage(bundle: Path) -> None:
    with (bundle / "model.so").open("r+b") as file:
        file.write(b"!")


def fail_selftest(bundle: Path) -> None:
    zeros = {"output:box": np.zeros(Spec().shape, np.float32)}
    with np.load(bundle / "selftest.npz") as file:
        arrays: dict[str, Any] = dict(file) | zeros
    np.savez(bundle / "selftest.npz", **arrays)
    state_files_anew(bundle)


@pytest.mark.parametrize(
    ("break_it", "sentence"),
    [
        (damage, r"incoming/box\.edge/model\.so is damaged"),
        (fail_selftest, "fails its self-test"),
        (lambda new: (new / MANIFEST_NAME).unlink(), "is .* a bundle of edgec compile"),
        (shutil.rmtree, "does not exist"),
    ],
)
def test_what_is_not_right_is_not_installed(
    bundle: Path, newer: Path, break_it: Callable[[Path], None], sentence: str
) -> None:
    before = content(bundle)
    break_it(newer)
    with pytest.raises(BundleError, match=sentence):
        install(newer, bundle)
    assert content(bundle) == before
    assert only(bundle)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("notes.txt", r"holds other files too, which would be lost: 'notes\.txt'"),
        ("other/notes.txt", r"would be lost: 'other/notes\.txt'; move them"),
    ],
)
def test_other_files_in_the_old_folder_are_not_lost(
    bundle: Path, newer: Path, name: str, sentence: str
) -> None:
    (bundle / name).parent.mkdir(exist_ok=True)
    (bundle / name).write_text("keep me")
    with pytest.raises(BundleError, match=sentence):
        install(newer, bundle)
    assert (bundle / name).read_text() == "keep me"


def test_what_is_no_bundle_is_left_alone(newer: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "json").mkdir()
    (tmp_path / "json" / MANIFEST_NAME).write_text('{"format": "web-app"}')
    for name, sentence in (
        ("folder", "exists and is no bundle"),
        ("file", "exists and is no bundle"),
        ("json", "exists and is no bundle"),
        ("nowhere/x.edge", "does not exist; create it first"),
    ):
        with pytest.raises(BundleError, match=sentence):
            install(newer, tmp_path / name)


def test_a_damaged_old_bundle_is_replaced(bundle: Path, newer: Path) -> None:
    path = bundle / MANIFEST_NAME
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | {"version": 2, "digest": "?"}))
    install(newer, bundle)
    load(bundle, selftest=True).close()


def test_what_a_killed_run_has_left_is_removed_by_the_next(bundle: Path, newer: Path) -> None:
    left = bundle.with_name(".box.edge.installing")
    (left / "new").mkdir(parents=True)
    (left / "new/model.so").write_bytes(b"half")
    (left / "old").symlink_to(newer)
    install(newer, bundle)
    assert only(bundle)
    assert newer.exists()


def test_two_do_not_install_at_once(bundle: Path, newer: Path) -> None:
    other = bundle.with_name(".box.edge.installing")
    other.mkdir()
    descriptor = os.open(other, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(BundleError, match="is being installed by another process"):
        install(newer, bundle)
    os.close(descriptor)
    install(newer, bundle)


def test_file_systems_that_cannot_exchange_folders_get_along(
    bundle: Path, newer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Library:
        def renameat2(self, *_: object) -> int:
            return -1

    monkeypatch.setattr(swap.ctypes, "CDLL", lambda *_, **__: Library())
    monkeypatch.setattr(swap.ctypes, "get_errno", lambda: errno.EINVAL)
    swap.exchange(newer, bundle)
    monkeypatch.undo()
    assert read_manifest(bundle).model.name == "newer"
    assert read_manifest(newer).model.name == "box"


def test_a_bundle_for_another_processor_is_installed_without_a_run(
    bundle: Path, whole: tuple[Path, Manifest], tmp_path: Path
) -> None:
    model = replace(whole[1].model, target="riscv64-linux-gnu")
    write_manifest(bundle, replace(whole[1], model=model))
    assert install(bundle, tmp_path / "new.edge").selftest_errors == {}
    assert content(bundle) == content(tmp_path / "new.edge")

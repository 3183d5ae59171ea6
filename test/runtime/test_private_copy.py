"""What was checked is what runs, whatever happens to the bundle's files meanwhile or later."""

from collections.abc import Callable, Iterator
import errno
import gc
import importlib
import mmap
import os
from pathlib import Path
import shutil
import subprocess
import tempfile
from typing import Any

from box_model import compile_c, compile_model, RUNTIME, Spec
from bundles import state_files_anew, write_bundle
import numpy as np
import pytest

from edge_perception.runtime import BundleError, Library, load, Manifest
from edge_perception.runtime.folder import Folder
from edge_perception.runtime.private import private_copy, PrivateFile

Build = Callable[[Spec], Path]
X = {"x": np.random.default_rng(3).normal(size=Spec().shape).astype(np.float32)}
COPY = "memfd:edge-model"
CONSTRUCTOR = """
#include <fcntl.h>
__attribute__((constructor)) static void leave_a_trace(void)
{
    open(TRACE, O_CREAT | O_WRONLY, 0600);
}
"""


def replace_content(path: Path) -> None:
    path.write_bytes(os.urandom(path.stat().st_size))


def cut_off(path: Path) -> None:
    os.truncate(path, 0)


def change_in_place(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"\xcc" * path.stat().st_size)


def remove_all(path: Path) -> None:
    shutil.rmtree(path.parent)


def loaded() -> int:
    """Count the copies of libraries that this process has mapped or open."""
    gc.collect()
    maps = Path("/proc/self/maps").read_text().splitlines()
    mapped = {line.split()[4] for line in maps if COPY in line}  # inodes
    opened = set()
    for name in os.listdir("/proc/self/fd"):
        link = Path("/proc/self/fd", name)
        if link.exists() and COPY in os.readlink(link):
            opened.add(str(link.stat().st_ino))
    return len(mapped | opened)


@pytest.mark.parametrize("harm", [replace_content, cut_off, change_in_place, remove_all])
def test_a_loaded_model_outlives_what_happens_to_its_file(
    bundle: Path, harm: Callable[[Path], None]
) -> None:
    with load(bundle, threads=2) as model:
        before = model.run(X)
        harm(bundle / "model.so")
        after = model.run(X)
    for name, value in before.items():
        np.testing.assert_array_equal(after[name], value)


def test_a_copy_cannot_be_changed() -> None:
    copy = private_copy(lambda: [b"some ", b"code"], Path("model.so"))
    for change in (
        lambda: os.write(copy.descriptor, b"x"),
        lambda: os.pwrite(copy.descriptor, b"x", 0),
        lambda: os.truncate(copy.path, 3),
        lambda: os.ftruncate(copy.descriptor, 1000),
    ):
        with pytest.raises(PermissionError):
            change()
    assert os.pread(copy.descriptor, 100, 0) == b"some code"
    copy.close()


def test_nothing_comes_between_check_and_load(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is exchanged at the last moment: when the copy was checked and is about to run."""
    trace, other = tmp_path / "trace", tmp_path / "other.so"
    (tmp_path / "other.c").write_text(CONSTRUCTOR)
    compile_c("gcc", other, "-shared", "-fPIC", f'-DTRACE="{trace}"', str(tmp_path / "other.c"))
    loading = importlib.import_module("edge_perception.runtime.load")
    honest = private_copy

    def exchange(*arguments: Any) -> PrivateFile:
        copy = honest(*arguments)
        shutil.copyfile(other, bundle / "model.so")
        return copy

    monkeypatch.setattr(loading, "private_copy", exchange)
    with load(bundle, selftest=True) as model:
        model.run(X)
    assert not trace.exists()
    with pytest.raises(BundleError, match="damaged or was changed"):
        load(bundle)
    assert not trace.exists()
    with pytest.raises(BundleError, match="edge_abi_version"):
        Library(other)  # which shows that it would have left a trace
    assert trace.exists()


def test_a_bundle_that_takes_the_place_of_another_while_it_is_read_is_loaded(
    bundle: Path, build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = Spec(name="newer", channels=2)
    newer = tmp_path / "newer.edge"
    write_bundle(newer, spec, build(spec))
    honest = Folder.blocks

    def exchange(folder: Folder, *arguments: Any) -> Iterator[bytes]:
        if newer.exists():
            shutil.rmtree(bundle)
            newer.rename(bundle)
        return honest(folder, *arguments)

    monkeypatch.setattr(Folder, "blocks", exchange)
    with load(bundle, selftest=True) as model:
        assert (model.manifest.model.name, model.model.name) == ("newer", "newer")


def test_bundles_with_one_library_share_its_memory(bundle: Path, tmp_path: Path) -> None:
    before = loaded()
    same = shutil.copytree(bundle, tmp_path / "same.edge")
    with load(bundle) as first, load(same) as second:
        first.run(X)
        assert loaded() <= before + 1
        shutil.rmtree(same)
        second.run(X)


def test_a_library_is_unloaded_when_its_last_instance_is_gone(
    build: Build, tmp_path: Path
) -> None:
    before = loaded()
    library = Library(build(Spec(name="short lived")))
    first, second = library.create(1), library.create(1)
    del library
    first.close()
    del first
    assert loaded() == before + 1
    second.run(X)
    second.close()
    del second
    assert loaded() == before


def test_a_library_that_the_system_keeps_is_not_taken_for_another(
    build: Build, tmp_path: Path, runtime_objects: list[str]
) -> None:
    """As those with C++'s unique symbols are, though here a flag of the linker does it."""
    before = loaded()
    kept = compile_model(tmp_path, Spec(name="kept"), runtime_objects, "-Wl,-z,nodelete")
    for _ in range(3):
        assert Library(kept).model.name == "kept"
        assert Library(build(Spec())).model.name == "box"
    assert loaded() <= before + 4


def refuse(*_: Any, **__: Any) -> Any:
    raise PermissionError(errno.EPERM, "Operation not permitted")


def test_where_memory_may_hold_no_code_a_file_without_a_name_does(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(os, "memfd_create", refuse)
    with load(bundle, selftest=True) as model:
        assert not list((tmp_path / "temporary").iterdir())
        cut_off(bundle / "model.so")
        model.run(X)


def test_memory_is_enough_where_no_folder_can_be_written(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    monkeypatch.setattr(tempfile, "gettempdir", refuse)
    with load(bundle, selftest=True) as model:
        model.run(X)


def test_without_a_place_for_code_the_reasons_are_named(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(mmap, "mmap", refuse)
    with pytest.raises(
        BundleError, match=rf"model\.so can't be copied .*memory: .*{tmp_path}: .*set TMPDIR"
    ):
        load(bundle)
    assert [path.name for path in tmp_path.iterdir()] == ["box.edge"]


def end_of_segments(library: Path) -> int:
    """Return the size of what is mapped of a library; symbols and names of sections follow."""
    listed = subprocess.run(
        ["readelf", "-lW", library], capture_output=True, text=True, check=True
    )
    loads = [line.split() for line in listed.stdout.splitlines() if line.split()[:1] == ["LOAD"]]
    return max(int(offset, 16) + int(size, 16) for _, offset, _, _, size, *_ in loads)


def test_a_library_that_is_cut_off_is_refused_at_any_length(bundle: Path) -> None:
    """The digest fits: only the library's own header tells."""
    library = bundle / "model.so"
    whole = library.read_bytes()
    end = end_of_segments(library)
    for length in [*range(0, 1200, 40), *range(1200, end, 2000), end - 1]:
        library.write_bytes(whole[:length])
        state_files_anew(bundle)
        with pytest.raises(BundleError, match=r"model\.so can't be loaded as a compiled model"):
            load(bundle)
    library.write_bytes(whole)
    state_files_anew(bundle)
    load(bundle, selftest=True).close()


def test_a_library_with_a_damaged_header_is_refused_or_runs(
    whole: tuple[Path, Manifest], tmp_path: Path
) -> None:
    """Sizes and places of segments that the file does not have."""
    content = (whole[0] / "model.so").read_bytes()
    path = tmp_path / "model.so"
    for position in (32, 54, 56, 64 + 8, 64 + 32, 64 + 56 + 8, 64 + 56 + 32):
        damaged = bytearray(content)
        damaged[position : position + 2] = b"\xff\xff"
        if position > 64:
            damaged[position : position + 8] = (2**63 - 1).to_bytes(8, "little")
        path.write_bytes(damaged)
        with pytest.raises(BundleError, match="can't be loaded as a compiled model"):
            Library(path)


@pytest.mark.parametrize(
    ("function", "arguments"), [("edge_describe", "void"), ("edge_variant", "const edge_model *m")]
)
def test_a_library_that_says_nothing_of_itself_is_refused(
    tmp_path: Path, runtime_objects: list[str], function: str, arguments: str
) -> None:
    """The model is right but for one function, which gives a null pointer."""
    silent, model = tmp_path / "silent.c", tmp_path / "model.o"
    use = "" if arguments == "void" else "(void)m; "
    silent.write_text(
        f'#include "edge_model.h"\nconst char *{function}({arguments}) {{ {use}return 0; }}\n'
    )
    compile_c("gcc", model, f"-D{function}=other", "-O1", "-fPIC", "-c", str(RUNTIME / "model.c"))
    others = [name for name in runtime_objects if Path(name).name != "model.o"]
    path = compile_model(tmp_path, Spec(), others, str(model), str(silent))
    with pytest.raises(BundleError, match=rf"{function}\(\) says nothing"):
        Library(path).create(1)

"""The Arm Compute Library is installed completely or not at all, and only the pinned package."""

from collections.abc import Callable
from dataclasses import replace
import json
from pathlib import Path

from fake_mirror import FILES, Mirror
import pytest

from edge_compiler import toolchain
from edge_compiler.errors import CompileError
from edge_compiler.toolchain.acl import Acl


def quiet(_what: str, _done: int, _total: int) -> None:
    pass


def interrupt_when(happens: Callable[[str, int], bool]) -> Callable[[str, int, int], None]:
    """Return a progress function that raises what Ctrl-C raises."""

    def progress(what: str, done: int, _total: int) -> None:
        if happens(what, done):
            raise KeyboardInterrupt

    return progress


def left_behind(library: Acl) -> set[str]:
    return {path.name for path in library.folder.parent.rglob("*") if path.is_file()}


def test_headers_static_libraries_and_licence_are_unpacked(library: Acl, mirror: Mirror) -> None:
    tools = replace(toolchain.get("aarch64-acl"), libraries=(library,))
    with pytest.raises(CompileError, match=r"install it: edgec toolchain install aarch64-acl$"):
        tools.find_library("acl")
    library.install(quiet)
    folder = tools.find_library("acl")
    header, archive = list(FILES)[1:3]
    version = folder / "include" / "arm_compute" / "core" / "Version.h"
    assert version.read_bytes() == FILES[header]
    assert [path.name for path in (folder / "lib").iterdir()] == ["libarm_compute-static.a"]
    assert (folder / "lib" / "libarm_compute-static.a").read_bytes() == FILES[archive]
    assert (folder / "LICENSE").read_text() == "MIT\n"
    assert json.loads((folder / "provenance.json").read_text())["sha256"] == library.sha256
    assert not any(".deb" in name for name in left_behind(library))


def test_a_library_of_which_something_is_cut_off_is_not_installed(
    library: Acl, mirror: Mirror
) -> None:
    library.install(quiet)
    assert library.is_installed()
    archive = library.folder / "lib" / "libarm_compute-static.a"
    archive.write_bytes(archive.read_bytes()[:-1])
    assert not library.is_installed()
    library.install(quiet)
    assert library.is_installed()
    archive.unlink()
    assert not library.is_installed()


def test_interrupted_download_goes_on_where_it_ended(library: Acl, mirror: Mirror) -> None:
    mirror.stop_at = library.size // 2
    with pytest.raises(KeyboardInterrupt):
        library.install(interrupt_when(lambda what, done: done >= library.size // 2))
    assert not library.is_installed()
    assert left_behind(library) == {f"{library.file.name}.part"}
    mirror.stop_at = None
    library.install(quiet)
    assert mirror.starts == [0, library.size // 2]
    assert library.is_installed()


def test_removing_an_interrupted_download(library: Acl, mirror: Mirror) -> None:
    mirror.stop_at = library.size // 2
    with pytest.raises(KeyboardInterrupt):
        library.install(interrupt_when(lambda what, done: done >= library.size // 2))
    assert library.remove()
    assert left_behind(library) == set()
    assert not library.remove()


def test_interrupted_unpacking_is_done_again_without_a_download(
    library: Acl, mirror: Mirror
) -> None:
    with pytest.raises(KeyboardInterrupt):
        library.install(interrupt_when(lambda what, done: what == "unpacking"))
    assert not library.is_installed()
    assert left_behind(library) == {library.file.name}
    library.install(quiet)
    assert mirror.starts == [0]
    assert library.is_installed()


def test_changed_package_is_refused(library: Acl, mirror: Mirror) -> None:
    assert mirror.content is not None
    changed = bytearray(mirror.content)
    changed[-1000] ^= 1
    mirror.content = bytes(changed)
    with pytest.raises(CompileError, match=r"is not the pinned file.*do not trust it$"):
        library.install(quiet)
    assert not library.is_installed()
    assert left_behind(library) == set()


def test_package_that_does_not_end_is_refused(library: Acl, mirror: Mirror) -> None:
    assert mirror.content is not None
    mirror.content *= 3
    mirror.stop_at = 2 * library.size
    with pytest.raises(CompileError, match=r"is not the pinned file.*received more bytes"):
        library.install(quiet)
    assert left_behind(library) == set()


def test_damaged_partial_download_is_mended(library: Acl, mirror: Mirror) -> None:
    part = library.folder.parent / "downloads" / f"{library.file.name}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(bytes(1000))
    library.install(quiet)
    assert library.is_installed()


def test_damaged_complete_download_is_mended(library: Acl, mirror: Mirror) -> None:
    complete = library.folder.parent / "downloads" / library.file.name
    complete.parent.mkdir(parents=True)
    complete.write_bytes(bytes(library.size))
    library.install(quiet)
    assert library.is_installed()


def test_package_that_no_mirror_has(library: Acl, mirror: Mirror) -> None:
    mirror.content = None
    with pytest.raises(CompileError, match=r"cannot download .*404.*check the network"):
        library.install(quiet)
    assert left_behind(library) == set()


def test_machine_without_apt(library: Acl, only_programs: Callable[..., Path]) -> None:
    only_programs()
    with pytest.raises(CompileError, match=r"this machine lacks; use Debian or Ubuntu$"):
        library.install(quiet)


def test_other_version_of_the_package_is_not_taken_for_installed(
    library: Acl, mirror: Mirror
) -> None:
    library.install(quiet)
    newer = replace(library, sha256="0" * 64)
    assert newer.folder == library.folder
    assert not newer.is_installed()

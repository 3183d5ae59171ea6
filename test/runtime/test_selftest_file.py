"""A self-test is read, or refused with a sentence, whatever its file holds."""

from collections.abc import Callable
import io
import os
from pathlib import Path
import pickle
import struct
import zipfile

from box_model import Spec
from bundles import state_files_anew
from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from edge_perception.runtime import BundleError, load, Manifest
from edge_perception.runtime.arrays import largest_file, read_arrays, write_arrays
from edge_perception.runtime.dtypes import ELEMENT_TYPES, Form

FORMS = {
    "input:x": Form((1, 3, 11, 7)),
    "output:y": Form((5,), ELEMENT_TYPES["int64"]),
    "output:z": Form((), ELEMENT_TYPES["bool"]),
}
ARRAYS = {
    name: np.asarray(np.random.default_rng(i).normal(size=form.shape)).astype(form.type.numpy)
    for i, (name, form) in enumerate(FORMS.items())
}
WHERE = Path("selftest.npz")


def packed(tmp_path: Path) -> bytes:
    write_arrays(tmp_path / "x.npz", ARRAYS)
    return (tmp_path / "x.npz").read_bytes()


def npy(array: np.ndarray, version: tuple[int, int] = (1, 0)) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asanyarray(array), version)
    return file.getvalue()


def with_member(content: bytes, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Make a file whose first array is something else."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr("input:x.npy", content)
        for name in list(FORMS)[1:]:
            archive.writestr(f"{name}.npy", npy(ARRAYS[name]))
    return file.getvalue()


def header(text: str, data: bytes = b"") -> bytes:
    body = text.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(body)) + body + data


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_what_numpy_writes_is_read(save: Callable[..., None], tmp_path: Path) -> None:
    save(tmp_path / "x.npz", **ARRAYS)
    content = (tmp_path / "x.npz").read_bytes()
    assert len(content) <= largest_file(FORMS)
    for name, array in read_arrays(content, FORMS, WHERE).items():
        np.testing.assert_array_equal(array, ARRAYS[name], strict=True)


def test_what_is_written_is_what_numpy_reads(tmp_path: Path) -> None:
    turned = {"input:x": np.asfortranarray(ARRAYS["input:x"])}
    write_arrays(tmp_path / "x.npz", ARRAYS | turned)
    with np.load(tmp_path / "x.npz", allow_pickle=False) as file:
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(file[name], array, strict=True)


def test_a_damaged_byte_anywhere_gives_the_same_arrays_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    content = packed(tmp_path_factory.mktemp("npz"))

    @settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(1, 255)), max_size=4))
    def damage(flips: list[tuple[int, int]]) -> None:
        changed = bytearray(content)
        for position, mask in flips:
            changed[position] ^= mask
        try:
            read = read_arrays(bytes(changed), FORMS, WHERE)
        except BundleError:
            return
        for name, array in read.items():
            np.testing.assert_array_equal(array, ARRAYS[name])

    damage()
    for length in range(0, len(content), 7):
        with pytest.raises(BundleError):
            read_arrays(content[:length], FORMS, WHERE)


class Planted:
    """What runs a program when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return os.mkdir, ("planted",)


DATA = ARRAYS["input:x"].tobytes()
FLOATS = "{{'descr': '<f4', 'fortran_order': False, 'shape': ({},)}}"
MEMBERS = {
    "nothing": b"",
    "a pickle": pickle.dumps(Planted()),
    "objects": npy(np.array([Planted()], dtype=object)),
    "half of it": npy(ARRAYS["input:x"])[:-400],
    "float64": npy(ARRAYS["input:x"].astype(np.float64)),
    "the other order of bytes": npy(ARRAYS["input:x"].astype(">f4")),
    "the other order of axes": npy(np.asfortranarray(ARRAYS["input:x"])),
    "another shape": npy(ARRAYS["input:x"].reshape(3, 77)),
    "format 3": npy(ARRAYS["input:x"], (3, 0)),
    "a huge shape": header(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999,)}", DATA
    ),
    "a long number": header(
        f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({'9' * 5000},)}}", DATA
    ),
    "code": header("__import__('os').mkdir('planted')", DATA),
    "an open string": header("{'descr': '", DATA),
    "depth": header("(" * 9000, DATA),
    "a wrong length": b"\x93NUMPY\x01\x00\xff\xff" + npy(ARRAYS["input:x"])[10:],
    "ten times as much": npy(np.zeros((10, 3, 11, 7), np.float32)),
    "a bomb": b"\0" * 10**8,
}


@pytest.mark.parametrize("member", MEMBERS)
def test_what_is_no_array_of_the_right_form_is_refused(
    member: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BundleError, match=r"^selftest\.npz "):
        read_arrays(with_member(MEMBERS[member]), FORMS, WHERE)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_to_compress_are_refused(method: int) -> None:
    with pytest.raises(BundleError, match="in a form that numpy doesn't write"):
        read_arrays(with_member(npy(ARRAYS["input:x"]), method), FORMS, WHERE)


@pytest.mark.parametrize(
    ("offset", "value", "sentence"),
    [
        (8, 1, "in a form that numpy doesn't write"),  # encrypted
        (10, 99, "in a form that numpy doesn't write"),
        (24, 2**32 - 2, "too large"),  # the size that it claims
        (20, 3, "is not a self-test"),  # the size of what is compressed
        (42, 2**31, "is not a self-test"),  # its place
    ],
)
def test_lies_of_the_directory_are_refused(offset: int, value: int, sentence: str) -> None:
    """Offsets in an entry of a zip file's central directory, APPNOTE 4.3.12."""
    content = bytearray(with_member(npy(ARRAYS["input:x"])))
    entry = content.index(b"PK\x01\x02")
    size = 2 if offset < 12 else 4
    content[entry + offset : entry + offset + size] = value.to_bytes(size, "little")
    with pytest.raises(BundleError, match=sentence):
        read_arrays(bytes(content), FORMS, WHERE)


def test_a_missing_array_is_refused(tmp_path: Path) -> None:
    content = packed(tmp_path)
    with pytest.raises(BundleError, match=r"not a self-test of this model: .*input:other"):
        read_arrays(content, FORMS | {"input:other": Form((1,))}, WHERE)


def test_a_damaged_stream_in_a_bundle_is_refused(bundle: Path) -> None:
    """The digests fit; what zlib makes of it does not."""
    path = bundle / "selftest.npz"
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo("input:x.npy")
    stream = whole.index(b"input:x.npy") + len("input:x.npy") + 20  # a zip64 field is between
    for position in range(stream + 1, stream + entry.compress_size, 20):
        damaged = bytearray(whole)
        damaged[position] ^= 0x55
        path.write_bytes(damaged)
        state_files_anew(bundle)
        with pytest.raises(BundleError, match=r"selftest|self-test"):
            load(bundle, selftest=True)


def test_the_size_of_a_self_test_follows_from_the_model(
    bundle: Path, whole: tuple[Path, Manifest]
) -> None:
    noise = np.random.default_rng(0).normal(size=10**6).astype(np.float32)
    np.savez(bundle / "selftest.npz", x=noise)
    state_files_anew(bundle)
    with pytest.raises(BundleError, match="more than any self-test of this model"):
        load(bundle)
    assert Spec().shape == whole[1].model.inputs[0].shape

"""A bundle is loaded when it is whole, and refused with the reason when anything in it is not."""

from collections.abc import Callable
from dataclasses import replace
import json
from pathlib import Path
import platform
import shutil
from typing import Any

from box_model import Spec
from bundles import edit, state_files_anew, write_bundle
from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from edge_perception.runtime import (
    BundleError,
    load,
    Manifest,
    model_from_json,
    model_to_json,
    read_manifest,
    Record,
    schema,
    write_manifest,
    write_record,
)
from edge_perception.runtime.files import describe_file
from edge_perception.runtime.manifest import BundleFile, Decoder, MANIFEST_NAME, VERSION
from edge_perception.runtime.proof import Proof

MODEL = replace(
    Spec().model(),
    labels=("chat\u00e9", 'a "quoted" \\ label', "\u732b"),
    decoder=Decoder("classification", {"top": 5, "nested": [1.5, None, {"a": True}]}),
    provenance={"licence": "Apache-2.0"},
)


NOTHING = BundleFile(0, "0" * 64)


def test_a_whole_bundle_is_loaded_and_passes_its_self_test(whole: tuple[Path, Manifest]) -> None:
    directory, manifest = whole
    assert read_manifest(directory) == manifest
    with load(directory, threads=2, selftest=True) as model:
        assert model.manifest == manifest
        assert model.variant == "fast"


def test_a_model_survives_the_way_into_the_library_and_back() -> None:
    assert model_from_json(model_to_json(MODEL)) == MODEL


def test_half_a_character_is_refused() -> None:
    document = json.loads(model_to_json(MODEL))
    document["labels"] = ["\ud800"]
    with pytest.raises(BundleError, match=r"\$\.labels\[0\] is no Unicode text"):
        model_from_json(json.dumps(document))


def test_every_changed_byte_of_the_manifest_is_noticed(whole: tuple[Path, Manifest]) -> None:
    directory, _ = whole
    text = (directory / MANIFEST_NAME).read_bytes()

    @settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, len(text) - 1), st.integers(1, 255))
    def flip(position: int, mask: int) -> None:
        changed = bytearray(text)
        changed[position] ^= mask
        scratch.write_bytes(changed)
        with pytest.raises(BundleError):
            read_manifest(scratch.parent, check=False)

    scratch = directory.parent / "scratch" / MANIFEST_NAME
    scratch.parent.mkdir()
    flip()


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_rubbish_instead_of_json_is_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    directory = tmp_path_factory.mktemp("rubbish")
    (directory / MANIFEST_NAME).write_bytes(content)
    with pytest.raises(BundleError, match=MANIFEST_NAME):
        read_manifest(directory)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(data=st.data(), value=JSON)
def test_any_value_anywhere_in_a_description_is_taken_or_refused(
    data: st.DataObject, value: Any
) -> None:
    """Nothing but a BundleError comes out, and what is taken can be written again."""
    document = json.loads(model_to_json(MODEL))
    place = document
    while isinstance(place, (dict, list)) and place:
        keys = list(place) if isinstance(place, dict) else range(len(place))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], (dict, list)) or not place[key] or data.draw(st.booleans()):
            place[key] = value
            break
        place = place[key]
    try:
        model = model_from_json(json.dumps(document))
    except BundleError:
        return
    assert model_from_json(model_to_json(model)) == model


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["version"], 1, rf"\$\.version is 1, this software reads version {VERSION}"),
        (["format"], "zip", r"\$\.format"),
        (["model", "inputs", 0, "shape", 1], "3", r"\$\.model\.inputs\[0\]\.shape\[1\] must be"),
        (["model", "inputs", 0, "shape", 1], 0, r"\$\.model\.inputs\[0\]\.shape.*impossible"),
        (["model", "outputs", 1, "shape", 1], 2**40, r"\$\.model\.outputs\[1\]\.shape"),
        (["model", "inputs"], [], r"\$\.model\.inputs must be"),
        (["model", "labels"], None, r"\$\.model\.labels must be a list but is None"),
        (["model", "surprise"], 1, r"\$\.model\.surprise is unknown"),
        (["proof", "tolerance"], True, r"\$\.proof\.tolerance must be a number but is True"),
        (["proof", "tolerance"], 1e-3, "was changed after edgec wrote it"),
        (["proof", "tolerance"], 1e300, r"\$\.proof\.tolerance is 1e\+300.* must be able to fail"),
        (["proof", "tolerance"], 0, r"\$\.proof\.tolerance is 0, expected more than 0"),
        (["proof", "state"], "hoped", r"\$\.proof\.state is 'hoped'"),
        (["proof", "state"], "pending", r"expected 'proven' with nothing, or 'pending' with what"),
        (["proof", "missing"], "a GPU", r"\$\.proof\.state is 'proven' with 'a GPU' missing"),
        (["files", "model.so", "bytes"], -1, r"\$\.files\.model\.so\.bytes -1 is impossible"),
        (["files", "model.so", "bytes"], 2**40, r"\$\.files\.model\.so\.bytes .* impossible"),
        (["files"], {}, r"\$\.library is not one of \$\.files"),
    ],
)
def test_a_manifest_that_breaks_the_schema_says_where(
    bundle: Path, path: list[Any], value: Any, message: str
) -> None:
    def change(document: Any) -> None:
        for key in path[:-1]:
            document = document[key]
        document[path[-1]] = value

    edit(bundle, change)
    with pytest.raises(BundleError, match=message):
        read_manifest(bundle)


def test_a_missing_field_is_named(bundle: Path) -> None:
    edit(bundle, lambda document: document["model"].pop("sha256"))
    with pytest.raises(BundleError, match=r"\$\.model\.sha256 is missing"):
        read_manifest(bundle)


@pytest.mark.parametrize(
    "name", ["../model.so", "/etc/passwd", "a/../../b", "a\\b", "a//b", ".", ""]
)
def test_file_names_cannot_lead_out_of_the_bundle(
    bundle: Path, whole: tuple[Path, Manifest], name: str
) -> None:
    with pytest.raises(BundleError, match="no file name inside the bundle"):
        write_manifest(bundle, replace(whole[1], files=whole[1].files | {name: NOTHING}))
    edit(bundle, lambda document: document["files"].update({name: schema.encode(NOTHING)}))
    with pytest.raises(BundleError, match="no file name inside the bundle"):
        read_manifest(bundle)


def test_a_link_cannot_lead_out_of_the_bundle(bundle: Path, tmp_path: Path) -> None:
    outside = shutil.move(bundle / "model.so", tmp_path / "outside.so")
    (bundle / "model.so").symlink_to(outside)
    with pytest.raises(BundleError, match=r"model\.so is a symbolic link.* cp -rL"):
        read_manifest(bundle)


@pytest.mark.parametrize("name", ["model.so", "selftest.npz"])
def test_a_changed_or_missing_file_is_noticed_before_it_is_used(bundle: Path, name: str) -> None:
    path = bundle / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(BundleError, match=f"{name} is damaged or was changed"):
        load(bundle)
    path.unlink()
    with pytest.raises(BundleError, match=rf"{name} can't be read \(No such file"):
        load(bundle)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "does not exist"),
        (lambda path: path.write_text("x"), "is no bundle: expected the folder"),
        (lambda path: path.mkdir(), r"manifest\.json can't be read"),
    ],
)
def test_what_is_no_bundle_is_refused(
    tmp_path: Path, make: Callable[[Path], None], message: str
) -> None:
    path = tmp_path / "x.edge"
    make(path)
    with pytest.raises(BundleError, match=message):
        load(path)


def test_another_architecture_is_refused_before_its_library_is_opened(tmp_path: Path) -> None:
    (tmp_path / "box.edge").mkdir()
    (tmp_path / "box.edge/model.so").write_bytes(b"code of another processor")
    (tmp_path / "box.edge/selftest.npz").write_bytes(b"")
    digests = {p.name: describe_file(p) for p in (tmp_path / "box.edge").iterdir()}
    model = replace(Spec().model(), target="riscv64-linux-gnu")
    proof = Proof("numpy", 1e-4, 0.0, "box", 1)
    manifest = Manifest(model, "model.so", "selftest.npz", proof, digests)
    write_manifest(tmp_path / "box.edge", manifest)
    write_record(tmp_path / "box.edge", Record("", None, {}))
    with pytest.raises(
        BundleError, match=f"for riscv64 .* is {platform.machine()}.*--target host"
    ):
        load(tmp_path / "box.edge")


def test_a_library_and_a_manifest_of_different_models_are_refused(
    build: Callable[[Spec], Path], tmp_path: Path
) -> None:
    other = replace(Spec().model(), labels=("else",))
    write_bundle(tmp_path / "box.edge", Spec(), build(Spec()), model=other)
    with pytest.raises(BundleError, match="describe different models"):
        load(tmp_path / "box.edge")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"output:box": np.zeros(Spec().shape, np.float32)}, "fails its self-test: output 'box'"),
        ({"output:box": np.zeros((1, 3, 11, 8), np.float32)}, "instead of float32"),
        ({"output:box": np.zeros((10, 3, 11, 80), np.float32)}, "too large"),
        ({"output:box": np.array([object()])}, "not a self-test"),
    ],
)
def test_a_self_test_that_fails_or_does_not_fit_is_refused(
    bundle: Path, whole: tuple[Path, Manifest], arrays: dict[str, Any], message: str
) -> None:
    with np.load(bundle / "selftest.npz") as file:
        content = dict(file) | arrays
    np.savez_compressed(bundle / "selftest.npz", **content)
    state_files_anew(bundle)
    with pytest.raises(BundleError, match=message):
        load(bundle, selftest=True)
    load(bundle).close()

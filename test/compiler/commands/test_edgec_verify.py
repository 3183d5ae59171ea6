"""``edgec verify``: bundles that are as they were, and others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
import re
import shutil

from edgec_cases import Capture, refusal, run, run_json, small
import onnx

from edge_perception.runtime import read_manifest, write_manifest


def test_verify_compares_every_node_when_the_model_is_at_hand(
    tiny_onnx: Path, tiny_bundle: Path, tmp_path: Path, capsys: Capture
) -> None:
    moved = shutil.copytree(tiny_bundle, tmp_path / "moved.edge")
    alone = run_json(capsys, "verify", moved)
    assert isinstance(alone, dict)
    assert alone["model"] is None
    assert max(alone["selftest_errors"].values()) <= 1e-4
    given = run_json(capsys, "verify", moved, "--model", tiny_onnx)
    assert isinstance(given, dict)
    assert given["node_errors"]["conv"] <= 1e-4
    assert given["compared"] == ["labels", "preprocess", "decoder", "provenance"]
    shutil.copy(tiny_onnx, tmp_path)
    beside = run_json(capsys, "verify", moved)
    assert isinstance(beside, dict)
    assert beside["model"] == str(tmp_path / tiny_onnx.name)
    assert run("verify", moved) == 0
    assert "moved.edge is right" in capsys.readouterr().out


def test_only_their_owner_may_change_a_bundle(tiny_bundle: Path) -> None:
    """It was compiled where the umask lets everybody write."""
    for path in (tiny_bundle, *tiny_bundle.iterdir()):
        assert path.stat().st_mode & 0o022 == 0


def test_verify_compares_what_the_bundle_says_with_the_model(
    tiny_onnx: Path, tmp_path: Path, capsys: Capture
) -> None:
    """Other labels are right if they were given to the compiler, and only then."""
    (tmp_path / "labels").write_text("stop\ngo\nslow\n")
    bundle = tmp_path / "other.edge"
    assert run("compile", tiny_onnx, "-o", bundle, "--labels", tmp_path / "labels") == 0
    verify = ("verify", bundle, "--model", tiny_onnx)
    capsys.readouterr()
    found = run_json(capsys, *verify)
    assert isinstance(found, dict)
    assert found["compared"] == ["preprocess", "decoder", "provenance"]
    assert run(*verify) == 0
    assert "labels: not compared, given to edgec compile" in capsys.readouterr().out
    write_manifest(bundle, replace(read_manifest(bundle), given=()))
    assert re.search(
        r'the bundle\'s labels is not what .*tiny\.onnx says: \["stop", "go", "slow"\] instead of '
        r'\["red", "green", "blue"\]; compile the model again',
        refusal(capsys, *verify),
    )


def test_changed_byte_of_a_bundle_is_noticed(
    tiny_bundle: Path, photo: Path, tmp_path: Path, capsys: Capture
) -> None:
    for name in ("model.so", "selftest.npz", "manifest.json", "report.html"):
        bundle = shutil.copytree(tiny_bundle, tmp_path / f"{name}.edge")
        data = bytearray((bundle / name).read_bytes())
        data[len(data) // 2] ^= 1
        (bundle / name).write_bytes(data)
        for command in (("verify", bundle), ("run", bundle, photo), ("explain", bundle)):
            assert name in refusal(capsys, *command)


def test_other_model_than_the_bundles_is_refused(
    tiny_bundle: Path, tmp_path: Path, capsys: Capture
) -> None:
    other = tmp_path / "other.onnx"
    onnx.save(small(), other)
    sentence = refusal(capsys, "verify", tiny_bundle, "--model", other)
    assert "is not the model that" in sentence
    assert "No such file" in refusal(capsys, "verify", tiny_bundle, "--model", tmp_path / "none")


def test_bundle_that_is_none_is_refused(tmp_path: Path, capsys: Capture) -> None:
    for command in ("verify", "explain", "profile"):
        assert "does not exist" in refusal(capsys, command, tmp_path / "none.edge")

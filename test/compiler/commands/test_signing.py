"""Who has signed a bundle is checked, by ours and by minisign, which was written by others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
import os
from pathlib import Path
import shutil
import subprocess
import sys

from edgec_cases import pipe_with
import pytest

from edge_compiler.cli import main
from edge_compiler.signing.secret import make_key, read_secret, SecretKey, write_keys
from edge_compiler.signing.sign import sign_bundle, sign_file
from edge_perception.runtime import BundleError, install, load, read_contents, Trust
from edge_perception.runtime.bundle import write_record
from edge_perception.runtime.manifest import MANIFEST_NAME, SIGNATURE_NAME
from edge_perception.runtime.packing import pack
from edge_perception.runtime.signature import find_key, parse_key, read_key

KEY, STRANGER = make_key(), make_key()
OURS = Trust((KEY.public,))
needs_minisign = pytest.mark.skipif(
    shutil.which("minisign") is None, reason="minisign is not installed"
)


def minisign(*arguments: str, typed: str = "") -> None:
    subprocess.run(["minisign", *arguments], input=typed, text=True, check=True, timeout=300)


@pytest.fixture
def bundle(tiny_bundle: Path, tmp_path: Path) -> Path:
    path = tmp_path / "tiny.edge"
    shutil.copytree(tiny_bundle, path)
    return path


@pytest.fixture
def signed(bundle: Path) -> Path:
    sign_bundle(bundle, KEY)
    return bundle


def test_a_compile_signs_and_packs(tiny_onnx: Path, tmp_path: Path) -> None:
    secret, out = tmp_path / "k.key", tmp_path / "tiny.edge"
    write_keys(KEY, secret, tmp_path / "k.pub", "")
    given = ["compile", str(tiny_onnx), "-o", str(out), "--pack", "--sign"]
    assert main([*given, str(tmp_path / "no.key")]) == 1
    assert not out.exists()
    assert main([*given, str(secret)]) == 0
    assert out.is_file()
    assert read_contents(out, OURS).is_signed
    assert {path.name for path in tmp_path.iterdir()} == {"k.key", "k.pub", "tiny.edge"}


def test_a_secret_key_may_come_of_a_pipe(tmp_path: Path) -> None:
    write_keys(KEY, tmp_path / "k.key", tmp_path / "k.pub", "")
    assert read_secret(pipe_with((tmp_path / "k.key").read_text()), str) == KEY
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BundleError, match="is a FIFO instead of a plain file; copy what it holds"):
        find_key(str(tmp_path / "pipe"))


@needs_minisign
@pytest.mark.parametrize("password", ["", "secret"])
def test_minisign_checks_what_we_sign_and_signs_with_our_keys(
    bundle: Path, tmp_path: Path, password: str, capsys: pytest.CaptureFixture[str]
) -> None:
    secret, public = tmp_path / "k.key", tmp_path / "k.pub"
    write_keys(KEY, secret, public, password)
    assert secret.stat().st_mode & 0o777 == 0o600
    assert read_secret(secret, lambda: password) == KEY
    sign_bundle(bundle, KEY)
    minisign("-V", "-p", str(public), "-m", str(bundle / MANIFEST_NAME))
    typed = f"{password}\n" if password else ""
    minisign("-S", "-s", str(secret), "-m", str(bundle / MANIFEST_NAME), typed=typed)
    assert read_contents(bundle, Trust((read_key(public),))).signed_at
    assert main(["verify", str(bundle), "--key", str(public)]) == 0
    left_out = ", but for when it was made and how fast it ran\n"  # minisign knows nothing of it
    assert left_out in capsys.readouterr().out


@needs_minisign
def test_a_key_of_minisign_signs(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret, public = tmp_path / "m.key", tmp_path / "m.pub"
    minisign("-G", "-W", "-s", str(secret), "-p", str(public))
    assert main(["sign", str(bundle), "-k", str(secret)]) == 0
    assert main(["verify", str(bundle), "--key", str(public)]) == 0
    said = capsys.readouterr().out
    assert "by the key" in said
    assert "but for" not in said
    minisign("-V", "-p", str(public), "-m", str(bundle / MANIFEST_NAME))


def test_what_nobody_trusted_has_signed_is_refused(bundle: Path) -> None:
    with pytest.raises(BundleError, match=f"is not signed, .* {KEY.public.name}; sign it with"):
        load(bundle, trust=OURS)
    sign_bundle(bundle, STRANGER)
    sentence = f"by the key {STRANGER.public.name}, which is not trusted .* {KEY.public.name}"
    with pytest.raises(BundleError, match=sentence):
        load(bundle, trust=OURS)
    sign_bundle(bundle, KEY)
    load(bundle, trust=OURS).close()


def test_a_number_alone_is_no_key(bundle: Path) -> None:
    sign_bundle(bundle, SecretKey(KEY.number, STRANGER.pair))
    with pytest.raises(BundleError, match=r"is not what the key .* has signed"):
        load(bundle, trust=OURS)


def test_nothing_can_be_changed_after_it_was_signed(signed: Path) -> None:
    contents = read_contents(signed, OURS)
    write_record(signed, replace(contents.record, created="2030-01-01"))
    with pytest.raises(BundleError, match=r"record\.json is not what was signed"):
        read_contents(signed, OURS)
    read_contents(signed)
    signature = signed / SIGNATURE_NAME
    text = signature.read_text()
    for old, new in (("timestamp:1", "timestamp:2"), ("trusted comment: t", "comment: t")):
        signature.write_text(text.replace(old, new))
        with pytest.raises(BundleError, match="manifest"):
            read_contents(signed, OURS)


@pytest.mark.parametrize("packed", [False, True])
def test_an_older_one_takes_no_place_unless_it_is_allowed(
    bundle: Path, tmp_path: Path, packed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if packed:
        pack(bundle, tmp_path / "packed.edge")
        bundle = tmp_path / "packed.edge"
    monkeypatch.setattr("edge_compiler.signing.sign.time.time", lambda: 2000)
    sign_bundle(bundle, KEY)
    place = tmp_path / "robot.edge"
    install(bundle, place, OURS)
    monkeypatch.setattr("edge_compiler.signing.sign.time.time", lambda: 1000)
    sign_bundle(bundle, KEY)
    with pytest.raises(BundleError, match="was signed before the bundle that it would take"):
        install(bundle, place, OURS)
    assert read_contents(place, OURS).signed_at == 2000
    install(bundle, place, OURS, allow_downgrade=True)
    assert read_contents(place, OURS).signed_at == 1000


def test_other_files_are_signed_beside_themselves(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("version: 1\n")
    assert sign_file(rules, KEY) == tmp_path / "rules.yaml.minisig"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["keygen", "k", "--no-password"], "k.key exists; choose another name"),
        (["sign", "rules.yaml", "-k", "k.pub"], "k.pub is no secret key"),
        (["sign", "nowhere.yaml", "-k", "k.key"], "nowhere.yaml can't be read"),
        (["verify", "tiny.edge", "--key", "RWnonsense"], "'RWnonsense' is no public key"),
        (["install", "tiny.edge", "other.edge", "--key", "k.pub"], "tiny.edge is not signed"),
        (["install", "--rollback", "tiny.edge"], "nothing was installed over"),
    ],
)
def test_what_is_wrong_is_said(
    arguments: Sequence[str],
    sentence: str,
    bundle: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    write_keys(KEY, Path("k.key"), Path("k.pub"), "")
    Path("rules.yaml").write_text("version: 1\n")
    assert main(arguments) == 1
    assert sentence in capsys.readouterr().err


def test_the_commands_print_who_has_signed(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["keygen", str(tmp_path / "k"), "--no-password"]) == 0
    assert main(["sign", str(bundle), "-k", str(tmp_path / "k.key")]) == 0
    packed = tmp_path / "packed.edge"
    assert main(["pack", str(bundle), "-o", str(packed)]) == 0
    capsys.readouterr()
    key = parse_key((tmp_path / "k.pub").read_text())
    for given, end in (([], "not checked: give the public key with --key"), (["--key"], "+00:00")):
        given += [str(tmp_path / "k.pub")] * len(given)
        assert main(["verify", str(packed), *given]) == 0
        line = next(x for x in capsys.readouterr().out.splitlines() if x.startswith("signature"))
        assert line.startswith(f"signature: by the key {key.name}, ")
        assert line.endswith(end)


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [("pass\npass\n", 0, ""), ("", 1, "the password was not given"), ("a\nb\n", 1, "differ")],
)
def test_without_a_terminal_the_password_is_read_from_standard_input(
    given: str, code: int, said: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "edge_compiler", "keygen", str(tmp_path / "k")],
        input=given,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    assert done.returncode == code
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == code
    assert (tmp_path / "k.key").exists() is not bool(code)

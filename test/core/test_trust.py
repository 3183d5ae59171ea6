"""A robot that trusts somebody uses nothing that others have made or changed."""

from __future__ import annotations

from pathlib import Path
import shutil

import numpy as np
import pytest

from edge_compiler.signing.secret import make_key, write_keys
from edge_compiler.signing.sign import sign_bundle, sign_file
from edge_perception.core.decision.node import DecisionCore
from edge_perception.core.node import ConfigurationError, Level
from edge_perception.core.parameters import Parameters
from edge_perception.core.perception import owners
from edge_perception.core.perception.node import PerceptionCore
from edge_perception.core.perception.owners import Owners
from edge_perception.core.trust import TRUSTED_KEYS, trusting
from edge_perception.environment import this_machine
from edge_perception.messages.types import Empty

KEY, STRANGER = make_key(), make_key()


@pytest.fixture
def public(tmp_path: Path) -> Path:
    write_keys(KEY, tmp_path / "k.key", tmp_path / "k.pub", "")
    return tmp_path / "k.pub"


def configure(core: PerceptionCore | DecisionCore, **values: object) -> None:
    core.configure(Parameters(core.parameters, values))


def test_a_bundle(tiny_bundle: Path, tmp_path: Path, public: Path) -> None:
    bundle = tmp_path / "tiny.edge"
    shutil.copytree(tiny_bundle, bundle)
    core = PerceptionCore(this_machine())
    given = {"model": str(bundle), "trusted_keys": [str(public)]}
    with pytest.raises(ConfigurationError, match=f"{bundle} is not signed"):
        configure(core, **given)
    sign_bundle(bundle, STRANGER)
    with pytest.raises(ConfigurationError, match=f"by the key {STRANGER.public.name}"):
        configure(core, **given)
    sign_bundle(bundle, KEY)
    configure(core, **given)
    pipeline = tmp_path / "pipeline.yaml"
    pipeline.write_text(f"version: 1\nstages: [{{kind: detect, model: {bundle}}}]\n")
    with pytest.raises(ConfigurationError, match=r"pipeline\.yaml is not signed"):
        configure(core, model=str(pipeline), trusted_keys=given["trusted_keys"])
    core.close()


def test_rules(tmp_path: Path, public: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text((this_machine().share / "config" / "rules.yaml").read_text())
    core = DecisionCore(this_machine())
    keys = {"trusted_keys": [public.read_text().splitlines()[1]]}
    configure(core, **keys)  # those that come with the software
    with pytest.raises(ConfigurationError, match=r"rules\.yaml is not signed, as trusted_keys"):
        configure(core, rules=str(rules), **keys)
    sign_file(rules, KEY)
    configure(core, rules=str(rules), **keys)
    rules.write_text(f"{rules.read_text()}\n")
    with pytest.raises(ConfigurationError, match=r"rules\.yaml is not what the key .* has signed"):
        configure(core, rules=str(rules), **keys)


def test_owners(tmp_path: Path, public: Path) -> None:
    file = tmp_path / "owners.json"
    file.write_text(Owners("00" * 32, {"anna": np.ones((1, 4), np.float32) / 2}).to_json())
    given = Parameters((TRUSTED_KEYS,), {"trusted_keys": [str(public)]})
    read_file = trusting(this_machine(), given).read_file
    with pytest.raises(ConfigurationError, match=r"owners\.json is not signed, as trusted_keys"):
        owners.load(file, read_file)
    sign_file(file, STRANGER)
    with pytest.raises(ConfigurationError, match=f"by the key {STRANGER.public.name}, which is"):
        owners.load(file, read_file)
    sign_file(file, KEY)
    assert owners.load(file, read_file).names == ("anna",)
    file.write_text(file.read_text().replace("anna", "eve"))
    with pytest.raises(ConfigurationError, match=r"is not what the key .* has signed"):
        owners.load(file, read_file)


def test_a_key_that_is_none() -> None:
    core = DecisionCore(this_machine())
    with pytest.raises(ConfigurationError, match=r"'nowhere\.pub' is no public key"):
        configure(core, rules="rules.yaml", trusted_keys=["nowhere.pub"])


def sign(bundle: Path, at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_compiler.signing.sign.time.time", lambda: at)
    sign_bundle(bundle, KEY)


def reload(core: PerceptionCore) -> str:
    """Return what is said of the model afterwards."""
    outputs = list(core.step({"reload": Empty()}, 1))
    while True:
        said = core.diagnostics(1)[0]
        if said.level == Level.ERROR or any(port == "labels" for port, _ in outputs):
            return said.message
        outputs = list(core.step({}, 1))


def test_no_older_model_takes_the_place_of_a_newer_one(
    tiny_bundle: Path, tmp_path: Path, public: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "tiny.edge"
    shutil.copytree(tiny_bundle, bundle)
    sign(bundle, 2000, monkeypatch)
    core = PerceptionCore(this_machine())
    given = {"model": str(bundle), "trusted_keys": [str(public)]}
    configure(core, **given)
    sign(bundle, 1000, monkeypatch)
    said = reload(core)
    assert "is loaded; the new models can't be used, these go on:" in said
    assert "was signed before" in said
    sign(bundle, 3000, monkeypatch)
    assert reload(core) == "tiny is loaded"
    sign(bundle, 1000, monkeypatch)
    configure(core, **given, allow_downgrade=True)
    assert reload(core) == "tiny is loaded"
    core.close()

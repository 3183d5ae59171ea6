"""A robot that trusts somebody uses nothing that others have made or changed."""

from __future__ import annotations

from pathlib import Path
import shutil

import pytest

from edge_compiler.secret import make_key, write_keys
from edge_compiler.signing import sign_bundle, sign_file
from edge_perception.core.decision.node import DecisionCore
from edge_perception.core.node import ConfigurationError
from edge_perception.core.parameters import Parameters
from edge_perception.core.perception.node import PerceptionCore
from edge_perception.environment import this_machine

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


def test_a_key_that_is_none() -> None:
    core = DecisionCore(this_machine())
    with pytest.raises(ConfigurationError, match=r"'nowhere\.pub' is no public key"):
        configure(core, rules="rules.yaml", trusted_keys=["nowhere.pub"])

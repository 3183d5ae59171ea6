"""Descriptions of pipelines: the place and cause of every mistake, and what the guide says."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_perception.core import located_yaml
from edge_perception.core.perception import description, stages
from edge_perception.core.perception.model import ModelRequest
from edge_perception.core.perception.remote import Policy, RemoteRequest
from edge_perception.core.perception.stage import Stage
from edge_perception.core.whole_file import FileError

TWO = """\
version: 1
stages:
  - {kind: detect, model: detector.edge}
  - {kind: classify, name: colour, model: colour.edge, deadline: 0.1}
"""


def remote(url: str, more: str = "") -> str:
    return (
        "version: 1\nstages:\n  - {kind: detect, model: m.edge, remote: {url: "
        f"'{url}', model: big, deadline: 0.05{more}}}}}"
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "version: 2\nstages: [{kind: detect, model: m}]",
            "line 1, column 10: this program reads",
        ),
        ("version: 1\nstages: []", "line 2, column 9: expected a list with at least one"),
        (
            "version: 1\nstages: [{kind: classify, model: m}]",
            "line 2, column 10: the first stage must be of the kind 'detect'",
        ),
        (
            "version: 1\nstages:\n  - {kind: detect, model: m}\n  - {kind: detect, model: m}",
            "line 4, column 5: the name 'detect' is taken",
        ),
        ("version: 1\nstages: [{kind: detekt, model: m}]", "is 'detect' meant?"),
        ("version: 1\nstages: [{kind: detect}]", "the key 'model' is missing"),
        (
            "version: 1\nstages: [{kind: detect, model: m, marjin: 1}]",
            "column 35: unknown key 'marjin'; expected one of",
        ),
        (
            TWO.replace("name: colour", "margin: wide"),
            "line 4, column 30: margin must be a number from -0.4 to 4, received 'wide'",
        ),
        (TWO.replace("0.1", "0"), "expected a number from 0.001 to 60"),
        (
            "version: 1\nstages: [{kind: detect, model: m, deadline: 1}]",
            "the first stage has no deadline",
        ),
        (TWO.replace("colour,", "detect,"), "the name 'detect' is taken"),
        (TWO.replace("colour,", "stamp,"), "the name 'stamp' is taken"),
        ("version: 1", "the key 'stages' is missing, or 'models'"),
        ("version: 1\nmodels: []", "line 2, column 9: expected a list with at least one"),
        ("version: 1\nmodels: [a.edge, b/a.edge]", "the name 'a' is taken"),
        (remote("grpc://a:1").replace("detect,", "classify,"), "unknown key 'remote'"),
        (remote("http://a:1"), "line 3, column 49: expected grpcs://HOST:PORT, or grpc://"),
        (remote("grpc://a:1/x"), "received 'grpc://a:1/x'"),
        (remote("grpcs://a"), "expected grpcs://HOST:PORT"),
        (remote("grpcs://u:p@a:1"), "expected grpcs://HOST:PORT"),
        (remote("grpc://a:1", ", credentials: {token: t}"), "credentials could be read on the"),
        (remote("grpcs://a:1", ", policy: first"), "expected one of local, remote_first"),
        (remote("grpcs://a:1", ", policy: remote_first, rate: 2"), "a rate is of second_opinion"),
        (remote("grpcs://a:1", ", policy: second_opinion, rate: 0"), "a number from 0.001 to 30"),
        (remote("grpcs://a:1", ", tokn: t"), "unknown key 'tokn'"),
        (remote("grpcs://a:1").replace("0.05", "60"), "expected a number from 0.001 to 10"),
    ],
)
def test_mistakes(text: str, says: str) -> None:
    with pytest.raises(FileError) as caught:
        description.load(ModelRequest("robot/pipeline.yaml"), lambda path, most: text.encode())
    assert says in str(caught.value)
    assert str(caught.value).startswith("pipeline.yaml, line")


def test_models_are_detectors_named_as_their_bundles() -> None:
    def read(text: str) -> description.Description:
        return description.load(ModelRequest("robot/all.yaml"), lambda path, most: text.encode())

    listed = read("version: 1\nmodels: [a.edge, b.edge]\nstages: [{kind: track}]")
    written = (
        "version: 1\nstages: [{kind: detect, name: a, model: a.edge},"
        " {kind: detect, name: b, model: b.edge}, {kind: track}]"
    )
    assert [(one.kind, one.name, one.model) for one in listed.stages] == [
        (one.kind, one.name, one.model) for one in read(written).stages
    ]


@pytest.mark.parametrize("kind", stages.kinds())
def test_every_stage_says_what_it_is_and_what_its_options_mean(kind: str) -> None:
    stage = stages.find(kind)
    assert issubclass(stage, Stage)
    assert stage.__doc__
    assert all(parameter.description.endswith(".") for parameter in stage.parameters)
    assert Path(stages.__path__[0], f"{kind}.py").is_file()


DOCS = Path(__file__).parents[2] / "docs" / "perception.md"


def test_the_documentation_knows_all_stages_and_options() -> None:
    text = DOCS.read_text(encoding="utf-8")
    for kind in stages.kinds():
        assert f"**{kind}**" in text
        for parameter in stages.find(kind).parameters:
            assert f"| `{parameter.name}` |" in text


def test_the_examples_of_the_documentation_are_pipelines() -> None:
    kinds = []
    for part in DOCS.read_text(encoding="utf-8").split("```yaml\n")[1:]:
        example = part.partition("```")[0]
        if example.startswith("version"):
            item = located_yaml.parse(example, "pipeline.yaml")
            found = description.read(item, ModelRequest("robot"))
            kinds.append([one.kind for one in found.stages])
    assert kinds == [
        ["detect", "align", "embed", "identify"],
        ["detect", "detect", "track"],
        ["detect", "track", "locate"],
        ["detect"],
    ]


def test_a_server_is_described() -> None:
    text = remote(
        "grpcs://[::1]:8001", ", policy: remote_first, credentials: {authorities: ca.pem}"
    )
    found = description.load(ModelRequest("robot/pipeline.yaml"), lambda path, most: text.encode())
    assert found.stages[0].model == ModelRequest(
        "robot/m.edge",
        remote=RemoteRequest(
            "[::1]:8001", True, "big", Policy.REMOTE_FIRST, 50_000_000, Path("robot/ca.pem")
        ),
    )
    text = remote("grpc://a:1", ", policy: second_opinion, rate: 0.5")
    found = description.load(ModelRequest("pipeline.yaml"), lambda path, most: text.encode())
    assert found.stages[0].model == ModelRequest(
        "m.edge",
        remote=RemoteRequest("a:1", False, "big", Policy.SECOND_OPINION, 50_000_000, rate=0.5),
    )
    text = remote("grpc://127.0.0.1:8001", ", credentials: {token: t}")
    found = description.load(ModelRequest("robot/pipeline.yaml"), lambda path, most: text.encode())
    asked = found.stages[0].model
    assert asked is not None
    assert asked.remote is not None
    assert (asked.remote.policy, asked.remote.token) == (Policy.LOCAL, Path("robot/t"))

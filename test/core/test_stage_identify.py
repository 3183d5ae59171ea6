"""Whose embedding it is: distance, margin, and files of owners that can't be used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fake_model import FakeModel
import numpy as np
import pytest

from edge_perception.core.image import Pixels
from edge_perception.core.node import ConfigurationError
from edge_perception.core.parameters import Parameters
from edge_perception.core.perception.stage import Look, Setup, Stage
from edge_perception.core.perception.stages.embed import Embed
from edge_perception.core.perception.stages.identify import Identify
from edge_perception.decode import DecodeError
from edge_perception.decode.detections import Attribute, Detections
from edge_perception.runtime.manifest import Decoder

LOOK = Look(Pixels(np.zeros((9, 9, 3), np.uint8), "rgb8"), lambda name: None)
OWNERS = {"anna": [[2, 0, 0], [0, 0, 1]], "bert": [[0.6, 0.8, 0]]}
EMBED = Embed(Setup("embed", Parameters(Embed.parameters), FakeModel(sha256="abc")))


def stage(content: Any = None, before: Any = None, **options: object) -> Identify:
    given = {"version": 1, "model": "abc", "owners": OWNERS} if content is None else content
    data = given if isinstance(given, bytes) else json.dumps(given).encode()
    options = {"owners": "us.json"} | options

    def read_file(path: Path, most: int) -> bytes:
        assert path == Path("robot/us.json")
        return data[:most]

    parameters = Parameters(Identify.parameters, options)
    before = {"embed": EMBED} if before is None else before
    return Identify(Setup("who", parameters, None, before, (), Path("robot"), read_file))


def names(vectors: list[list[float]], **options: object) -> list[Any]:
    identify, count = stage(**options), len(vectors)
    found = Detections(
        ("face",) * count,
        np.zeros(count, np.int32),
        np.ones(count, np.float32),
        embeddings=[np.float32(vector) for vector in vectors],
    )
    seen = identify.run(LOOK, found, identify.choose(found))
    return [[(one.label, one.class_id, round(one.score, 3)) for one in s] for s in seen.attributes]


def test_the_nearest_owner_is_named_with_the_likeness() -> None:
    assert names([[1, 0, 0], [0.6, 0.8, 0], [0, 0.6, 0.8]]) == [
        [("anna", 0, 1.0)],
        [("bert", 1, 1.0)],
        [("anna", 0, 0.8)],
    ]


def test_one_who_is_far_from_all_is_unknown() -> None:
    assert names([[0, 0.8, -0.6], [-1, 0, 0]], distance=0.3) == [[("unknown", -1, 1.0)]] * 2
    assert names([[0, 0.8, -0.6]], distance=0.4) == [[("bert", 1, 0.64)]]


def test_one_who_is_like_two_owners_is_unknown() -> None:
    middle = np.array([1.6, 0.8, 0]) / np.linalg.norm([1.6, 0.8, 0])
    assert names([middle.tolist()])[0][0][0] == "unknown"
    assert names([middle.tolist()], margin=0.0)[0][0][0] in OWNERS


def test_embeddings_of_one_owner_need_no_margin() -> None:
    only = {"version": 1, "model": "abc", "owners": {"anna": [[1, 0], [1, 0.01]]}}
    assert names([[1, 0]], content=only)[0][0][0] == "anna"


def test_how_far_is_too_far_is_what_the_model_says() -> None:
    decoder = Decoder("embedding", {"distance": 0.3})
    model = FakeModel(sha256="abc", decoder=decoder)
    before = {"embed": Embed(Setup("embed", Parameters(Embed.parameters), model))}
    far = [[0, 0.8, -0.6]]  # 0.36 from bert
    assert names(far) == [[("bert", 1, 0.64)]]
    assert names(far, before=before) == [[("unknown", -1, 1.0)]]
    assert names(far, before=before, distance=0.4) == [[("bert", 1, 0.64)]]


class Liveness(Stage):
    """Calls things live or a photo; the tests say which."""

    labels = ("live", "photo")

    def __init__(self, setup: Setup | None = None) -> None:
        pass

    def run(self, look: Look, found: Detections, chosen: Any) -> Detections:
        return found


def test_who_gives_no_sign_of_life_is_unknown() -> None:
    said = [("live", 0.95), ("live", 0.6), ("photo", 0.99), None]
    attributes = [
        () if one is None else (Attribute("alive", "m", one[0], 0, one[1]),) for one in said
    ]
    found = Detections(
        ("face",) * 4,
        np.zeros(4, np.int32),
        np.ones(4, np.float32),
        embeddings=[np.float32([1, 0, 0])] * 4,
        attributes=attributes,
    )
    identify = stage(before={"alive": Liveness(), "embed": EMBED}, liveness="alive")
    seen = identify.run(LOOK, found, identify.choose(found)).attributes
    whose = [[one.label for one in thing if one.stage == "who"] for thing in seen]
    assert whose == [["anna"], ["unknown"], ["unknown"], []]


def test_signs_of_life_that_nobody_gives() -> None:
    before = {"alive": Liveness(), "embed": EMBED}
    with pytest.raises(ConfigurationError, match=r"no stage before it has that name.*'alive'"):
        stage(before=before, liveness="alife")
    with pytest.raises(ConfigurationError, match=r"calls nothing real, .* it says live, photo"):
        stage(before=before, liveness="alive", live=["real"])


def test_a_thing_without_an_embedding_is_not_named() -> None:
    assert names([[], [1, 0, 0]]) == [[], [("anna", 0, 1.0)]]
    assert stage().choose(Detections()).tolist() == []


def test_owners_are_the_labels() -> None:
    assert stage().labels == ("anna", "bert", "unknown")


def test_embeddings_of_another_length_are_refused() -> None:
    with pytest.raises(DecodeError, match="embeddings of 2 numbers, those of the owners have 3"):
        names([[1, 0]])


def test_there_must_be_embeddings() -> None:
    with pytest.raises(ConfigurationError, match="put a stage of the kind 'embed' before it"):
        stage(before={})


def test_the_file_must_be_given() -> None:
    with pytest.raises(ConfigurationError, match="'owners' of the stage who is empty"):
        stage(owners="")


def test_owners_of_another_model_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="holds embeddings of another model than fake"):
        stage({"version": 1, "model": "other", "owners": OWNERS})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[" * 100_000,
        b"[]",
        {},
        {"version": 2, "model": "abc", "owners": OWNERS},
        {"version": 1, "model": 5, "owners": OWNERS},
        {"version": 1, "model": "abc", "owners": {}},
        {"version": 1, "model": "abc", "owners": [[1, 0]]},
        {"version": 1, "model": "abc", "owners": {"anna": []}},
        {"version": 1, "model": "abc", "owners": {"anna": [1, 0]}},
        {"version": 1, "model": "abc", "owners": {"anna": [[0, 0]]}},
        {"version": 1, "model": "abc", "owners": {"anna": [["x"]]}},
        {"version": 1, "model": "abc", "owners": {"unknown": [[1, 0]]}},
        {"version": 1, "model": "abc", "owners": {"anna": [[1, 0]], "bert": [[1, 0, 0]]}},
        b'{"version": 1, "model": "abc", "owners": {"anna": [[NaN, 1]]}}',
        {"version": 1, "model": "abc", "owners": {"anna": [[10**400, 1]]}},
        {"version": 1, "model": "abc", "owners": {"anna": [[1e39, 1]]}},
        {"version": 1, "model": "abc", "owners": {"anna": [[1e30, 1e30]]}},
    ],
)
def test_files_that_hold_no_owners(content: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"us\.json is no file of owners"):
        stage(content)


def test_a_name_that_stands_twice_is_not_the_last_one_alone() -> None:
    owners = b'{"anna": [[1, 0]], "bert": [[0, 1]], "anna": [[0.5, 1]]}'
    with pytest.raises(ConfigurationError, match=r"us\.json .*'anna' stands twice.*\[embeddings"):
        stage(b'{"version": 1, "model": "abc", "owners": %s}' % owners)


def test_a_file_that_is_too_large() -> None:
    with pytest.raises(ConfigurationError, match="larger than 16000000 bytes"):
        stage(b" " * 16_000_001)

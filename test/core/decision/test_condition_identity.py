"""Who a thing is."""

from __future__ import annotations

from rule_files import labels, thing

from edge_perception.messages.types import Attribute

ANNA = thing("face", attributes=[Attribute("identify", "m", "anna", 0, 0.7)])
STRANGER = thing("face", attributes=[Attribute("identify", "m", "unknown", -1, 1.0)])
COLOURED = thing("face", attributes=[Attribute("classify", "m", "anna", 0, 0.9)])


def test_names() -> None:
    assert labels("{identity: anna}", ANNA, STRANGER) == ["face"]
    assert labels("{identity: anna}", STRANGER) is None
    assert labels("{identity: [ben, Anna]}", ANNA) == ["face"]
    assert labels("{identity: unknown}", ANNA, STRANGER) == ["face"]


def test_a_stranger_is_nobody_whatever_a_pattern_fits() -> None:
    for pattern in ("*", "unk*", "????ow?"):
        assert labels(f'{{identity: "{pattern}"}}', STRANGER) is None
    assert labels('{identity: "*"}', ANNA, STRANGER) == ["face"]
    assert labels('{identity: ["*", unknown]}', ANNA, STRANGER) == ["face", "face"]


def test_the_distance_is_that_of_the_embeddings() -> None:
    assert labels("{identity: {name: anna, distance: {max: 0.35}}}", ANNA) == ["face"]
    assert labels("{identity: {name: anna, distance: {max: 0.25}}}", ANNA) is None


def test_what_no_stage_identified_is_nobody_unless_it_is_wise_to_be_cautious() -> None:
    for unsaid in (thing("face"), COLOURED):
        assert labels("{identity: anna}", unsaid) is None
        assert labels("{identity: anna}", unsaid, cautious=True) == ["face"]
        assert labels("{none: [{identity: unknown}]}", unsaid) is None
        assert labels("{none: [{identity: unknown}]}", unsaid, cautious=True) == []
    assert labels("{identity: {name: anna, stage: classify}}", COLOURED) == ["face"]

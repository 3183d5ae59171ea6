"""What people are shown of a detection."""

from __future__ import annotations

from edge_perception.core.labels import caption
from edge_perception.messages.types import Attribute, Detection


def test_what_later_stages_say_stands_behind_the_label() -> None:
    said = [Attribute(label="anna", score=0.951), Attribute(label="smiles", score=0.5)]
    assert caption(Detection(label="face", attributes=said)) == "face (anna 0.95, smiles 0.50)"
    assert caption(Detection(label="face")) == "face"
    assert caption(Detection(label="face", track_id=7)) == "face #7"
    assert caption(Detection(label="face", track_id=-1)) == "face"

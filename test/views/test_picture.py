from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
from PIL import Image, ImageColor

from edge_perception import messages
from edge_perception.views.picture import action_color, card, contact_sheet, marks_of

DetectionArray = messages.get("edge_perception/msg/DetectionArray")
Detection = messages.get("edge_perception/msg/Detection")
Decision = messages.get("edge_perception/msg/Decision")
StageTime = messages.get("edge_perception/msg/StageTime")

GREY = np.full((90, 120, 3), 128, np.uint8)


def seen(*detections: Any) -> Any:
    return DetectionArray(
        detections=list(detections), stages=[StageTime(name="run", milliseconds=3.0)]
    )


def share(picture: Image.Image, color: str) -> float:
    """Return how much of a picture has exactly this colour."""
    return float((np.asarray(picture) == ImageColor.getrgb(color)).all(axis=-1).mean())


def test_a_card_has_its_size_and_the_color_of_the_action() -> None:
    cat = Detection(label="cat", score=0.9)
    stop = card(GREY, seen(cat), Decision(action="stop"), "cat.png", size=(240, 180))
    go = card(GREY, seen(cat), Decision(action="go"), "cat.png", size=(240, 180))
    assert stop.size == go.size
    assert stop.width == 240
    assert share(stop, action_color("stop")) > 0.1 > 0.01 > share(go, action_color("stop"))
    assert share(go, action_color("go")) > 0.1


def test_the_same_content_gives_the_same_picture() -> None:
    cards = [card(GREY, seen(Detection(label="a", score=0.5)), Decision(action="x")) for _ in "ab"]
    assert cards[0].tobytes() == cards[1].tobytes()


def test_a_box_is_drawn_where_it_is() -> None:
    box = Detection(label="b", score=0.5, has_box=True, x=30.0, y=40.0, width=60.0, height=40.0)
    size = (120, 90)
    boxed = np.asarray(card(GREY, seen(box), Decision(action="go"), size=size))[:90]
    green = (boxed == ImageColor.getrgb(action_color("go"))).all(axis=-1)
    ys, xs = np.nonzero(green[40:])
    assert (xs.min(), xs.max()) == (30, 90)
    assert ys.max() + 40 == 80
    assert not green[45:75, 35:85].any(), "the inside stays visible"


def test_points_that_a_model_guesses_are_left_out() -> None:
    person = Detection(label="p", score=0.5, has_box=True, x=30.0, y=40.0, width=60.0, height=40.0)
    person.landmarks = np.float32([50, 60, 75, 60, 1])  # a number too many: whoever sends it
    for scores, points in (([], 2), ([0.9, 0.4], 1), ([0.9], 2)):
        person.landmark_scores = np.float32(scores)
        (mark,) = marks_of([person], "red")
        assert mark.points is not None
        assert np.isfinite(mark.points).all(axis=1).sum() == points
        assert mark.points[0].tolist() == [50, 60]


def test_a_long_score_is_a_long_bar() -> None:
    shares = [
        share(
            card(GREY, seen(Detection(label="a", score=score)), Decision(action="go")),
            action_color("go"),
        )
        for score in (0.1, 0.5, 1.0)
    ]
    assert shares == sorted(shares)
    assert len(set(shares)) == 3


def test_actions_of_the_user_have_a_color_that_stays() -> None:
    assert action_color("dance") == action_color("dance")
    assert action_color("dance", safe=True) == action_color("go", safe=True) != action_color("go")


@settings(max_examples=40, deadline=None)
@given(
    st.text(max_size=300),
    st.floats(allow_nan=False, width=32),
    st.integers(1, 50),
    st.integers(1, 50),
    st.booleans(),
)
def test_any_content_can_be_drawn(
    text: str, score: float, width: int, height: int, grey: bool
) -> None:
    pixels = np.zeros((height, width) if grey else (height, width, 3), np.uint8)
    detection = Detection(
        label=text, score=score, has_box=True, x=-5.0, y=1e6, width=-3.0, height=9.0
    )
    drawn = card(pixels, seen(*[detection] * 5), Decision(action=text, reason=text), text)
    contact_sheet([drawn], text, {text: text})


def test_a_sheet_holds_every_card_and_the_facts() -> None:
    cards = [
        card(GREY, seen(), Decision(action=action)) for action in ("stop", "go", "stop", "go", "a")
    ]
    sheet = contact_sheet(cards, "Title", {"pictures": "5", "nothing": ""})
    assert sheet.width > 3 * cards[0].width
    assert 2 * cards[0].height < sheet.height < 3 * cards[0].height
    assert share(sheet, action_color("stop")) > 0
    assert contact_sheet([], "Nothing", {}).size[0] > 0

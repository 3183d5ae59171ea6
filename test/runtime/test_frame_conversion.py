"""Camera frames become what plain numpy makes of them."""

from collections.abc import Callable

from box_model import Spec
from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from reference import pixels_of, to_pixels

from edge_perception.runtime import BundleError, Instance

Make = Callable[..., Instance]

BYTES = {"rgb8": 3, "bgr8": 3, "rgba8": 4, "bgra8": 4, "mono8": 1, "yuyv": 2}
# interpolated pixels are not rounded; YUV is, once, before
TOLERANCE = dict.fromkeys(BYTES, 0.01) | {"yuyv": 1.0}

SPECS = {
    "planar with halo": Spec(),
    "blocked with halo": Spec(block=16, color="bgr"),
    "dense": Spec(dense_input=True, color="bgr", letterbox=True),
    "channels last": Spec(channels_last=True, letterbox=True),
    "channels last, bgr": Spec(channels_last=True, color="bgr"),
    "mono": Spec(channels=1, color="mono", letterbox=True, block=16),
    "mono channels last": Spec(channels=1, color="mono", channels_last=True),
    "wide letterbox": Spec(height=9, width=40, letterbox=True),
}


def random_frame(seed: int, height: int, width: int, encoding: str, slack: int) -> np.ndarray:
    """Make a frame whose rows are ``slack`` bytes longer than their pixels."""
    pixel = BYTES[encoding]
    row = width * pixel + slack
    rows = np.random.default_rng(seed).integers(0, 256, (height, row), np.uint8)
    return np.lib.stride_tricks.as_strided(rows, (height, width, pixel), (row, pixel, 1))


def check(model: Instance, spec: Spec, frame: np.ndarray, encoding: str) -> None:
    actual = to_pixels(model.preprocess(frame, encoding), spec)
    expected = pixels_of(frame, encoding, spec)
    assert np.abs(actual - expected).max() <= TOLERANCE[encoding]


@pytest.mark.parametrize("encoding", BYTES)
@pytest.mark.parametrize("name", SPECS)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_frame_is_converted_as_numpy_does(
    make: Make, name: str, encoding: str, data: st.DataObject
) -> None:
    height, width = data.draw(st.integers(1, 60)), data.draw(st.integers(1, 60))
    width += width % 2 if encoding == "yuyv" else 0
    slack, seed = data.draw(st.integers(0, 5)), data.draw(st.integers(0, 2**31))
    frame = random_frame(seed, height, width, encoding, slack)
    spec = SPECS[name]
    with make(spec, data.draw(st.sampled_from([1, 3]))) as model:
        check(model, spec, frame, encoding)


def test_frames_of_changing_size_and_encoding_on_one_instance(make: Make) -> None:
    spec = Spec(block=16)
    model = make(spec)
    for seed, (height, width, encoding) in enumerate(
        [
            (480, 640, "bgr8"),
            (3, 2, "yuyv"),
            (480, 640, "mono8"),
            (1, 1, "rgba8"),
            (1200, 4, "yuyv"),
        ]
    ):
        check(model, spec, random_frame(seed, height, width, encoding, 0), encoding)


def test_a_large_network_is_given_the_same_by_any_number_of_threads(make: Make) -> None:
    spec = Spec(height=227, width=227)
    frame = random_frame(1, 480, 640, "bgr8", 3)
    results = [make(spec, threads).preprocess(frame, "bgr8") for threads in (1, 2, 4)]
    check(make(spec), spec, frame, "bgr8")
    assert all(np.array_equal(results[0], other) for other in results[1:])


def test_run_image_is_run_after_preprocess(make: Make) -> None:
    for spec in (Spec(block=16), Spec(channels_last=True, letterbox=True)):
        model = make(spec)
        frame = random_frame(2, 33, 21, "bgra8", 0)
        tensor = model.preprocess(frame, "bgra8")
        for name, expected in model.run({"x": tensor}).items():
            np.testing.assert_array_equal(model.run_image(frame, "bgra8")[name], expected)


def test_what_an_earlier_run_left_behind_is_not_seen(make: Make) -> None:
    spec = Spec(block=16, letterbox=True, pad_value=0.0)
    frame = random_frame(3, 20, 30, "rgb8", 0)
    fresh, used = make(spec), make(spec)
    used.run({"x": np.full(spec.shape, np.nan, np.float32)})
    used.run_image(random_frame(4, 64, 2, "mono8", 0), "mono8")
    np.testing.assert_array_equal(
        used.run_image(frame, "rgb8")["box"], fresh.run_image(frame, "rgb8")["box"]
    )


@pytest.mark.parametrize("view", [np.s_[::-1], np.s_[:, ::-1], np.s_[::2, ::3], np.s_[5:9, 2:4]])
def test_any_view_of_an_array_is_a_frame(make: Make, view: tuple[slice, ...]) -> None:
    frame = random_frame(5, 20, 30, "rgb8", 0)[view]
    frame.flags.writeable = False
    check(make(Spec()), Spec(), frame, "rgb8")


def test_a_mono_frame_may_have_two_dimensions(make: Make) -> None:
    frame = random_frame(6, 20, 30, "mono8", 0)[:, :, 0]
    check(make(Spec()), Spec(), frame, "mono8")


@pytest.mark.parametrize(
    ("shape", "encoding", "message"),
    [
        ((4, 4, 3), "bgra8", r"shape \(height, width, 4\) but has \(4, 4, 3\)"),
        ((4, 4), "rgb8", "shape"),
        ((0, 4, 3), "rgb8", "shape"),
        ((4, 4, 3), "bayer_rggb8", "bayer_rggb8.*convert"),
        ((4, 3, 2), "yuyv", "even width"),
        ((1, 16385, 1), "mono8", "16384"),
    ],
)
def test_a_frame_that_cannot_be_used_is_refused(
    make: Make, shape: tuple[int, ...], encoding: str, message: str
) -> None:
    model = make(Spec())
    with pytest.raises(BundleError, match=message):
        model.run_image(np.zeros(shape, np.uint8), encoding)
    with pytest.raises(BundleError, match="uint8"):
        model.run_image(np.zeros((4, 4, 3), np.float32), "rgb8")
    check(model, Spec(), random_frame(7, 5, 5, "rgb8", 0), "rgb8")


def test_a_model_without_an_image_input_takes_no_frame(make: Make) -> None:
    with pytest.raises(BundleError, match="no single image input"):
        make(Spec(image=False)).preprocess(np.zeros((4, 4, 3), np.uint8), "rgb8")

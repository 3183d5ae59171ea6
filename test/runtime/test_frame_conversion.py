"""Camera frames become what plain numpy makes of them."""

from collections.abc import Callable

from box_model import Spec
import cv2
from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from reference import network_colours, pixels_of, to_pixels, warp

from edge_perception.runtime import BundleError, ENCODINGS, Instance

Make = Callable[..., Instance]

SHARED = ("yuyv", "uyvy", "nv12", "nv21")
PLANAR = ("nv12", "nv21")
NAMES = [name for name in ENCODINGS if not name.startswith("yuv422")]
# interpolated pixels are not rounded; YUV is, once, before, from fixed-point numbers
TOLERANCE = dict.fromkeys(NAMES, 0.01) | dict.fromkeys(SHARED, 1.01)

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
    """Make a frame whose rows are ``slack`` numbers longer than their pixels."""
    kind = ENCODINGS[encoding]
    row = width * kind.channels + slack
    height = height * 3 // 2 if encoding in PLANAR else height
    dtype = np.dtype(f"u{kind.depth}")
    rows = np.random.default_rng(seed).integers(0, 256**kind.depth, (height, row), dtype)
    strides = (row * kind.depth, kind.channels * kind.depth, kind.depth)
    return np.lib.stride_tricks.as_strided(rows, (height, width, kind.channels), strides)


def a_size(data: st.DataObject, encoding: str) -> tuple[int, int]:
    """Draw height and width that the encoding can have."""
    least = 3 if encoding.startswith("bayer") else 1
    height, width = data.draw(st.integers(least, 60)), data.draw(st.integers(least, 60))
    width += width % 2 if encoding in SHARED else 0
    height += height % 2 if encoding in PLANAR else 0
    return height, width


def check(model: Instance, spec: Spec, frame: np.ndarray, encoding: str) -> None:
    actual = to_pixels(model.preprocess(frame, encoding), spec)
    expected = pixels_of(frame, encoding, spec)
    assert np.abs(actual - expected).max() <= TOLERANCE[encoding]


@pytest.mark.parametrize("encoding", NAMES)
@pytest.mark.parametrize("name", SPECS)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_frame_is_converted_as_numpy_does(
    make: Make, name: str, encoding: str, data: st.DataObject
) -> None:
    height, width = a_size(data, encoding)
    slack, seed = data.draw(st.integers(0, 5)), data.draw(st.integers(0, 2**31))
    frame = random_frame(seed, height, width, encoding, slack)
    spec = SPECS[name]
    with make(spec, data.draw(st.sampled_from([1, 3]))) as model:
        check(model, spec, frame, encoding)


@pytest.mark.parametrize("encoding", NAMES)
@pytest.mark.parametrize("name", ["planar with halo", "blocked with halo", "mono channels last"])
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_region_is_sampled_as_numpy_does(
    make: Make, name: str, encoding: str, data: st.DataObject
) -> None:
    height, width = a_size(data, encoding)
    frame = random_frame(data.draw(st.integers(0, 2**31)), height, width, encoding, 3)
    factor, shift = st.floats(-12, 12, width=32), st.floats(-60, 120, width=32)
    row = st.tuples(factor, factor, shift)
    regions = np.array(
        data.draw(st.lists(st.tuples(row, row), min_size=1, max_size=3)), np.float32
    )
    if data.draw(st.booleans()):
        regions[:, [0, 1], [1, 0]] = 0  # not turned
    spec = SPECS[name]
    image = network_colours(frame, encoding, spec)
    with make(spec, data.draw(st.sampled_from([1, 3]))) as model:
        for region in regions:
            actual = to_pixels(model.preprocess(frame, encoding, region), spec)
            expected, near = warp(image, spec, region.astype(np.float64))
            # a position is exact to float32 of a weight between two pixels
            assert np.abs(actual - expected)[~near].max(initial=0) <= TOLERANCE[encoding] + 0.01


def test_a_region_that_is_the_picture_is_the_picture(make: Make) -> None:
    spec = Spec(height=30, width=20)
    frame = random_frame(8, 48, 64, "bgr8", 0)
    model = make(spec)
    whole = [[64 / 20, 0, 0], [0, 48 / 30, 0]]
    np.testing.assert_allclose(
        model.preprocess(frame, "bgr8", whole), model.preprocess(frame, "bgr8"), atol=1e-2
    )


def test_a_turned_face_is_aligned_as_opencv_does(make: Make) -> None:
    """The map is from input to frame, between corners; OpenCV's is between centres of pixels."""
    spec = Spec(height=112, width=112, mean=(0.0,) * 3, scale=(1.0,) * 3)
    smooth = cv2.GaussianBlur(random_frame(9, 480, 640, "rgb8", 0), (0, 0), 5)
    turn = np.array([[1.3, -0.6, 210.0], [0.6, 1.3, 140.0]])
    actual = to_pixels(make(spec).preprocess(smooth, "rgb8", turn), spec)
    centres = turn.copy()
    centres[:, 2] += turn[:, :2] @ [0.5, 0.5] - 0.5
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    right = cv2.warpAffine(smooth.astype(np.float32), centres, (112, 112), flags=flags)
    assert np.abs(actual - right).max() <= 0.5  # OpenCV rounds positions to 1/32 of a pixel


@pytest.mark.parametrize("encoding", NAMES)
@pytest.mark.parametrize("corner", [(0, 0), (1, 0), (0, 1), (1, 1)])
def test_a_region_at_a_corner_reads_nothing_beyond_it(
    make: Make, encoding: str, corner: tuple[int, int]
) -> None:
    """Of one or a few pixels, upright and turned by so little that it makes no difference."""
    spec = Spec()
    frame = random_frame(3, 8, 8, encoding, 0)
    model = make(spec)
    for size in (0.25, 1.0, 3.0):
        scale = np.array([size / spec.width, size / spec.height])
        shift = np.array(corner) * (8 - size)
        upright = np.column_stack([np.diag(scale), shift]).astype(np.float32)
        turned = upright.copy()
        turned[0, 1] = 1e-9
        np.testing.assert_allclose(
            model.preprocess(frame, encoding, upright),
            model.preprocess(frame, encoding, turned),
            atol=1e-2,
        )


def test_each_region_of_a_call_has_its_own_outputs(make: Make) -> None:
    for threads in (1, 3):
        model, spec = make(Spec(block=16), threads), Spec(block=16)
        frame = random_frame(10, 40, 50, "nv12", 4)
        maps = np.array([[[2, 0, i], [0.5, 1, 2 * i]] for i in range(4)], np.float32)
        results = model.run_regions(frame, "nv12", maps)
        for region, outputs in zip(maps, results, strict=True):
            alone = model.run({"x": model.preprocess(frame, "nv12", region)})
            for name, expected in alone.items():
                np.testing.assert_array_equal(outputs[name], expected)
        assert model.run_regions(frame, "nv12", np.empty((0, 2, 3))) == []
        check(model, spec, frame, "nv12")  # a whole picture afterwards


@pytest.mark.parametrize(
    ("maps", "message"),
    [
        ([[1, 0, 0], [0, 1, 0]], r"shape \(N, 2, 3\) but have \(2, 3\)"),
        ("face", "affine maps"),
        ([[[1, 0, 0], [0, np.nan, 0]]], "number 4 of region 0's map is nan; it must be finite"),
        ([[[1, 0, np.inf], [0, 1, 0]]], "number 2 of region 0's map is inf"),
    ],
)
def test_what_is_no_region_is_refused(make: Make, maps: object, message: str) -> None:
    with pytest.raises(BundleError, match=message):
        make(Spec()).run_regions(np.zeros((4, 4, 3), np.uint8), "rgb8", maps)


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
        ((4, 4, 3), "bayer_rggb16", "bayer_rggb16.*convert"),
        ((2, 4), "bayer_rggb8", "bayer_rggb8 needs at least 3 x 3"),
        ((9, 5), "nv12", "even width and height"),
        ((8, 4), "nv12", "height \\* 3 / 2 rows"),
        ((4, 4), "mono16", "must be a uint16 array but is uint8"),
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

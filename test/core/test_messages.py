"""The message classes and their bytes, compared with rclpy and with rosbags."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from rosbags.typesys import get_types_from_msg, get_typestore, Stores

import edge_perception
from edge_perception import messages
from edge_perception.messages import types
from edge_perception.messages.classes import definition
from edge_perception.messages.definition import MessageError, NUMBERS, parse, Type

ROOT = Path(edge_perception.__file__).parent
STANDARD = sorted(
    f"{path.parent.name}/msg/{path.stem}" for path in ROOT.glob("messages/standard/*/*.msg")
)
OWN = sorted(f"edge_perception/msg/{path.stem}" for path in ROOT.parent.glob("msg/*.msg"))

# Shapes that no standard message has: empty arrays of wide numbers before narrow ones, bounds.
AWKWARD = """
uint8 first
float64[] wide
uint8 second
float64[2] pair
string<=4 short
int16[<=3] few
bool[] flags
string[] words
string[2] two
int64[] long
char letter
float32 last -1.5
"""

# Messages in messages: wide numbers after narrow ones at every offset, an empty message.
NESTED = {
    "odd_msgs/msg/Pair": "uint8 narrow\nfloat64 wide\n",
    "odd_msgs/msg/Inner": "Pair pair\nNothing none\nint16 number\nfloat32[3] numbers\nPair last\n",
    "odd_msgs/msg/Nothing": "",
    "odd_msgs/msg/Pairs": "Pair[] pairs\n",
    "odd_msgs/msg/Outer": "string text\nInner inner\nNothing none\nPair[] pairs\nInner[2] two\n",
}

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)


@pytest.fixture(scope="module")
def truth() -> Any:
    """Return rosbags' own reader and writer of the same definitions."""
    store = get_typestore(Stores.ROS2_KILTED)
    for name in OWN:
        text = (ROOT.parent / "msg" / f"{name.rpartition('/')[2]}.msg").read_text()
        store.register(get_types_from_msg(text, name))
    for name in set(STANDARD) - set(store.types):  # of packages that rosbags doesn't bring
        package, _, kind = name.split("/")
        text = (ROOT / "messages" / "standard" / package / f"{kind}.msg").read_text()
        store.register(get_types_from_msg(text, name))
    return store


def values(kind: Type) -> st.SearchStrategy[Any]:
    """Generate values of a type; messages are fields by name."""
    if kind.array:
        size = kind.size or 0
        low, high = (size, size) if kind.fixed else (0, min(kind.size or 4, 4))
        return st.lists(values(Type(kind.base, kind.limit)), min_size=low, max_size=high)
    if kind.base == "bool":
        return st.booleans()
    if kind.base.startswith("float"):
        return st.floats(width=int(kind.base[5:]), allow_nan=False)  # type: ignore[arg-type]
    if kind.base == "byte":  # an octet; rosbags takes it for a signed number
        return st.integers(0, 127)
    if kind.base in NUMBERS:
        info = np.iinfo(np.dtype(NUMBERS[kind.base]))
        return st.integers(int(info.min), int(info.max))
    if kind.base == "string":
        return TEXT.filter(lambda text: len(text.encode()) <= (kind.limit or 99))
    return st.builds(
        messages.get(kind.base), **{f.name: values(f.type) for f in definition(kind.base).fields}
    )


def translated(message: Any, make: Any) -> Any:
    """Rebuild one of our messages with the classes of another library: make(name) -> class."""
    made = {}
    for field in definition(message.__msgtype__).fields:
        value, kind = getattr(message, field.name), field.type
        if kind.base in NUMBERS:
            if kind.array:
                value = np.array(value, NUMBERS[kind.base])
        elif kind.base != "string":
            value = [translated(v, make) for v in value] if kind.array else translated(value, make)
        made[field.name] = value
    return make(message.__msgtype__)(**made)


@pytest.mark.parametrize("name", STANDARD)
def test_standard_definitions_agree_with_the_installed_ros(name: str) -> None:
    share = pytest.importorskip("ament_index_python").get_package_share_directory
    package, _, message = name.partition("/msg/")
    try:
        folder = Path(share(package))
    except LookupError:
        pytest.skip(f"{package} is not installed")
    installed = parse(name, (folder / "msg" / f"{message}.msg").read_text())
    assert definition(name) == installed


@pytest.mark.parametrize("name", STANDARD + OWN)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_bytes_equal_those_of_rosbags(truth: Any, name: str, data: st.DataObject) -> None:
    message = data.draw(values(Type(name)))
    expected = translated(message, lambda n: truth.types[n])
    theirs = bytes(truth.serialize_cdr(expected, name))
    ours = messages.serialize(message)
    assert ours == theirs
    again = messages.deserialize(ours, messages.get(name))
    assert again == message
    big = bytes(truth.serialize_cdr(expected, name, little_endian=False))
    assert messages.deserialize(big, messages.get(name)) == message


@pytest.mark.parametrize("name", STANDARD + OWN)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_rclpy_reads_ours_and_we_read_rclpys(name: str, data: st.DataObject) -> None:
    serialization = pytest.importorskip("rclpy.serialization")
    package, _, kind = name.partition("/msg/")
    try:
        theirs = getattr(importlib.import_module(f"{package}.msg"), kind)
    except (ImportError, AttributeError):
        pytest.skip(f"{package} is not built")
    message = data.draw(values(Type(name)))
    ours = messages.serialize(message)
    read = serialization.deserialize_message(ours, theirs)
    # rclpy leaves what memory held in the padding and after the end, hence not equal bytes
    written = bytes(serialization.serialize_message(read))
    assert len(written) >= len(ours)
    assert messages.deserialize(written, messages.get(name)) == message


@pytest.fixture
def odd_messages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let AWKWARD and NESTED be found as those of an installed ROS package are."""
    folder = tmp_path / "share/odd_msgs/msg"
    folder.mkdir(parents=True)
    for name, text in {"odd_msgs/msg/Awkward": AWKWARD, **NESTED}.items():
        (folder / f"{name.rpartition('/')[2]}.msg").write_text(text)
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path))


@pytest.fixture
def awkward(odd_messages: None) -> Any:
    return messages.get("odd_msgs/msg/Awkward")


@pytest.mark.parametrize("wide", [[], [1.0, 2.0]])
def test_alignment_and_bounds(awkward: Any, wide: list[float]) -> None:
    store = get_typestore(Stores.ROS2_KILTED)
    name = "odd_msgs/msg/Awkward"
    store.register(get_types_from_msg(AWKWARD, name))
    ours = awkward(first=1, wide=wide, second=2, pair=[3, 4], short="abcd", few=[5], long=[6])
    ours.flags, ours.words, ours.two = [True, False], ["x", "yz"], ["", "ü"]
    assert ours.last == -1.5
    data = messages.serialize(ours)
    assert data == bytes(store.serialize_cdr(translated(ours, lambda n: store.types[n]), name))
    assert messages.deserialize(data, awkward) == ours


@pytest.mark.usefixtures("odd_messages")
@pytest.mark.parametrize("text", ["x" * length for length in range(8)])
def test_nested_messages_at_every_offset(text: str) -> None:
    store = get_typestore(Stores.ROS2_KILTED)
    for name, definition_text in NESTED.items():
        store.register(get_types_from_msg(definition_text, name))
    pair, inner, outer = (messages.get(f"odd_msgs/msg/{n}") for n in ("Pair", "Inner", "Outer"))

    def numbered(start: int) -> Any:
        ends = pair(narrow=start, wide=start + 0.5), pair(narrow=start + 1, wide=-1.5)
        return inner(pair=ends[0], number=-start, numbers=[start, 0, 1], last=ends[1])

    ours = outer(text=text, inner=numbered(1), two=[numbered(3), numbered(5)])
    for count in range(3):
        ours.pairs = [pair(narrow=7 + n, wide=0.25 * n) for n in range(count)]
        theirs = translated(ours, lambda name: store.types[name])
        data = messages.serialize(ours)
        assert data == bytes(store.serialize_cdr(theirs, "odd_msgs/msg/Outer"))
        assert messages.deserialize(data, outer) == ours
        for length in range(len(data)):
            with pytest.raises(MessageError, match="odd_msgs/msg/Outer"):
                messages.deserialize(data[:length], outer)


@pytest.mark.usefixtures("odd_messages")
def test_a_sequence_whose_elements_are_shortest_where_it_starts() -> None:
    pair, pairs = (messages.get(f"odd_msgs/msg/{n}") for n in ("Pair", "Pairs"))
    message = pairs(pairs=[pair(narrow=1, wide=2.0)])
    data = messages.serialize(message)
    assert len(data) == 4 + 4 + 4 + 8  # at offset 0 a pair would take 16 bytes, not 12
    assert messages.deserialize(data, pairs) == message


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("short", "abcde", "at most 4 bytes, received 5"),
        ("few", [1, 2, 3, 4], "at most 3 elements, received 4"),
        ("pair", [1.0], "exactly 2 elements, received 1"),
        ("two", ["a"], "exactly 2 elements, received 1"),
        ("few", [70000], "no int16"),
        ("few", [0.5], "no int16"),
        ("first", 256, "first=256"),
        ("first", "x", "first='x'"),
        ("last", 1e40, "last=1e+40"),
        ("words", [3], "a string is expected, received 3"),
        ("words", "\ud800", "utf-8"),
        ("words", None, "words=None"),
        ("wide", "text", "a sequence of numbers is expected, received 'text'"),
        ("wide", 3.5, "a sequence of numbers is expected, received 3.5"),
        ("wide", ["a"], "wide=['a']"),
    ],
)
def test_a_value_that_does_not_fit(awkward: Any, field: str, value: Any, says: str) -> None:
    with pytest.raises(MessageError, match="odd_msgs/msg/Awkward") as caught:
        messages.serialize(awkward(**{field: value}))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_message_of_another_type() -> None:
    image = messages.get("sensor_msgs/msg/Image")
    with pytest.raises(MessageError, match=r"std_msgs/msg/Header is expected, received str"):
        messages.serialize(image(header="now"))
    odometry = messages.get("nav_msgs/msg/Odometry")()
    odometry.pose.pose.position = messages.get("geometry_msgs/msg/Vector3")()
    expected = (
        r"Odometry, pose\.pose\.position: a geometry_msgs/msg/Point is expected, received Vec"
    )
    with pytest.raises(MessageError, match=expected):
        messages.serialize(odometry)
    odometry.pose = None
    with pytest.raises(MessageError, match=r"Odometry, pose: .* is expected, received NoneType"):
        messages.serialize(odometry)
    with pytest.raises(MessageError, match="a message is expected, received dict"):
        messages.serialize({})


def test_only_the_nested_value_that_does_not_fit_is_named() -> None:
    imu = messages.get("sensor_msgs/msg/Imu")()
    imu.orientation.z = "up"
    with pytest.raises(MessageError, match=r"received orientation\.z='up'$"):
        messages.serialize(imu)


def test_image_data_is_not_copied_when_read_and_may_be_any_buffer_when_written() -> None:
    image = messages.get("sensor_msgs/msg/Image")
    frame = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    data = bytearray(messages.serialize(image(height=2, width=4, step=12, data=frame)))
    read = messages.deserialize(data, image)
    assert np.shares_memory(read.data, np.frombuffer(data, np.uint8))
    assert not read.data.flags.writeable
    for buffer in (frame.tobytes(), bytearray(frame), memoryview(frame.tobytes()), frame[:, ::1]):
        assert messages.serialize(image(height=2, width=4, step=12, data=buffer)) == data
    strided = np.repeat(frame, 2, axis=1)[:, ::2]
    assert messages.serialize(image(height=2, width=4, step=12, data=strided)) == data


def samples() -> list[Any]:
    """Return one message of each kind of field."""
    get = messages.get
    detection = get("edge_perception/msg/Detection")(label="cat", embedding=[1, 2, 3])
    return [
        get("edge_perception/msg/DetectionArray")(model="m", detections=[detection] * 2),
        get("sensor_msgs/msg/CameraInfo")(distortion_model="plumb_bob", d=[0, 1]),
        get("sensor_msgs/msg/Image")(encoding="rgb8", data=bytes(30)),
        get("diagnostic_msgs/msg/DiagnosticArray")(
            status=[
                get("diagnostic_msgs/msg/DiagnosticStatus")(
                    values=[get("diagnostic_msgs/msg/KeyValue")(key="k", value="v")]
                )
            ]
        ),
    ]


@pytest.mark.parametrize("message", samples(), ids=lambda m: m.__msgtype__)
def test_truncated_bytes(message: Any) -> None:
    data = messages.serialize(message)
    for length in range(len(data)):
        with pytest.raises(MessageError):
            messages.deserialize(data[:length], type(message))


@pytest.mark.parametrize("message", samples(), ids=lambda m: m.__msgtype__)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_mutated_bytes(message: Any, data: st.DataObject) -> None:
    mutated = bytearray(messages.serialize(message))
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(mutated) - 1))
        mutated[position] = data.draw(st.sampled_from([0, 1, 2, 127, 128, 255]))
    try:
        read = messages.deserialize(mutated, type(message))
    except MessageError:
        return
    assert messages.deserialize(messages.serialize(read), type(message)) == read


def test_a_huge_length_allocates_nothing() -> None:
    header = b"\0\1\0\0"
    huge = b"\xff\xff\xff\xff" + bytes(60)
    for name, before in (
        ("std_msgs/msg/String", b""),
        ("sensor_msgs/msg/CompressedImage", bytes(16)),
        ("diagnostic_msgs/msg/DiagnosticArray", bytes(12)),
    ):
        with pytest.raises(MessageError, match="4294967295 elements are announced"):
            messages.deserialize(header + before + huge, messages.get(name))


def test_encoding_header() -> None:
    text = messages.get("std_msgs/msg/String")
    with pytest.raises(MessageError, match=r"plain CDR.*received 8 bytes starting with 00 07"):
        messages.deserialize(b"\0\x07\0\0\0\0\0\0", text)
    with pytest.raises(MessageError, match="starting with nothing"):
        messages.deserialize(b"", text)
    padded = messages.serialize(text(data="hi")) + b"\xaa"
    assert messages.deserialize(padded, text).data == "hi"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("sensor_msgs/msg/Imagee", "is it spelled right"),
        ("sensor_msgs/srv/SetCameraInfo", "is no message type"),
        ("../../etc/Passwd", "is no message type"),
        ("Image", "is no message type"),
    ],
)
def test_unknown_names(name: str, says: str) -> None:
    with pytest.raises(MessageError, match=says):
        messages.get(name)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("int32", "line 1: expected a type and a name"),
        ("uint8 a\nuint8 a", "line 2: there are two of the name 'a'"),
        ("wstring w", "wstring is not supported"),
        ("int32 X=abc", "'abc' is no value of type int32"),
        ("in[t x", "is no type"),
        ("nothing x", "is no message type"),
        ("float32 F=[1]", "is no value of type float32"),
    ],
)
def test_mistakes_in_a_definition(text: str, says: str) -> None:
    with pytest.raises(MessageError, match=says):
        parse("odd_msgs/msg/Odd", text)


def test_constants_and_defaults_of_a_definition() -> None:
    text = 'string S="a # b"  # comment\nbool T=true\nfloat32 F=1\nint8[2] d [1, 2]\nOther h'
    parsed = parse("odd_msgs/msg/Odd", text)
    assert parsed.constants == {"S": "a # b", "T": True, "F": 1.0}
    assert [f.default for f in parsed.fields] == [[1, 2], None]
    assert parsed.fields[1].type == Type("odd_msgs/msg/Other")
    assert messages.get("geometry_msgs/Quaternion")().w == 1.0
    assert messages.get("diagnostic_msgs/msg/DiagnosticStatus").STALE == 3


def test_what_type_checkers_know_of_the_messages_is_up_to_date(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(ROOT.parent / "tools"))
    import message_types

    assert message_types.STUBS.read_text() == message_types.stubs(), (
        "run python tools/message_types.py"
    )


def test_types_have_the_messages_by_their_short_names() -> None:
    full_names = types.names()
    assert types.Imu is messages.get("sensor_msgs/msg/Imu")
    assert types.StageTime is messages.get("edge_perception/msg/StageTime")
    assert len(full_names) == len(STANDARD) + len(OWN)
    with pytest.raises(ImportError):
        from edge_perception.messages.types import Imo  # noqa: F401

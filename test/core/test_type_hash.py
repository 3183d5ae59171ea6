"""The hashes of message types, beside those that rosidl wrote when it generated the messages."""

from __future__ import annotations

import json
from pathlib import Path
import sys

import pytest

from edge_perception.messages import MessageError
from edge_perception.messages.type_hash import digest, PREFIX
from edge_perception.messages.types import names


def test_they_are_those_of_ros() -> None:
    compared = 0
    for name in names().values():
        package, _, message = name.partition("/msg/")
        generated = Path(sys.prefix) / "share" / package / "msg" / f"{message}.json"
        if generated.is_file():
            hashes = json.loads(generated.read_text())["type_hashes"]
            theirs = {one["type_name"]: one["hash_string"] for one in hashes}
            assert f"{PREFIX}{digest(name).hex()}" == theirs[name]
            compared += 1
    if not compared:
        pytest.skip("no messages of ROS 2 are installed")
    assert compared > 30


def test_a_type_that_there_is_not() -> None:
    with pytest.raises(MessageError, match="there is no message"):
        digest("std_msgs/msg/Nothing")

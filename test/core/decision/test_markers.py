"""What RViz is shown of a decision."""

from __future__ import annotations

import numpy as np
from rule_files import BASE, MS, NOW, Robot, thing

from edge_perception.core.stamps import nanoseconds, to_time
from edge_perception.messages.types import Header, Marker, Odometry, Place, Point

RULES = BASE + "  - {name: near, when: {zone: path}, action: stop}\n"


def test_zones_and_the_things_that_count() -> None:
    robot = Robot(RULES, markers=True, base_frame="base_footprint")
    place = Place("base_footprint", Point(2, 0.2, 0), np.zeros(4), 2.01, 0.25)
    shown = [thing("person", place=[place], track_id=4), thing("far", place=[])]
    robot.step(NOW, *shown)
    found = {(one.ns, one.id): one for one in robot.outputs["markers"].markers}
    assert set(found) == {("zones", 0), ("decision", 0), ("things", 0), ("names", 0)}
    zone, column = found["zones", 0], found["things", 0]
    assert zone.type == Marker.LINE_STRIP
    assert [(point.x, point.y) for point in zone.points] == [
        *[(0, -0.5), (3, -0.5), (3, 0.5), (0, 0.5)],
        (0, -0.5),
    ]
    assert (column.scale.x, column.pose.position.x) == (0.5, 2)
    assert found["names", 0].text == "person #4, 2.0 m"
    assert found["decision", 0].text == "stop (near)"
    for marker in found.values():
        assert marker.header.frame_id == "base_footprint"
        assert nanoseconds(marker.header.stamp) == NOW
        assert marker.pose.orientation.w == 1


def test_zones_of_the_odometry_have_its_frame() -> None:
    rules = BASE + "  - {name: docked, when: {robot_zone: dock}, action: stop}\n"
    robot = Robot(rules, markers=True)
    odometry = Odometry(header=Header(stamp=to_time(NOW), frame_id="odom"))
    robot.step(NOW, odometry=odometry)
    frames = [one.header.frame_id for one in robot.outputs["markers"].markers if one.ns == "zones"]
    assert frames == ["base_link", "odom"]


def test_nothing_is_drawn_for_nobody() -> None:
    robot = Robot(RULES, markers=True)
    robot.core.has_reader = lambda port: False
    robot.step(NOW)
    assert "markers" not in robot.outputs
    assert "markers" not in {port.name for port in Robot(RULES).ports.outputs}
    silent = Robot(RULES, dry_run=True, markers=True)
    silent.step(NOW + MS)
    assert list(silent.outputs) == ["decision", "markers"]

"""
How many images of a stranger's driver arrive: `python -m bench.images`.

The driver is a process with Fast DDS as it comes, the reader a node of this package, which adapts
to what the driver offers; beside it the share that a fixed best effort subscription gets.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
import os
from pathlib import Path
import subprocess
import sys
import time

SIZES = {"640x480": (640, 480, 30), "1920x1080": (1920, 1080, 10), "3840x2160": (3840, 2160, 5)}
VARIABLE = "FASTDDS_DEFAULT_PROFILES_FILE"


def drive(width: int, height: int, rate: int, reliability: str, count: int) -> None:
    """Publish images as a driver does, after somebody has subscribed."""
    import rclpy
    from rclpy.qos import QoSProfile, QoSReliabilityPolicy
    from sensor_msgs.msg import Image

    rclpy.init()
    node = rclpy.create_node("stranger")
    profile = QoSProfile(depth=10, reliability=QoSReliabilityPolicy[reliability.upper()])
    publisher = node.create_publisher(Image, "image", profile)
    image = Image(width=width, height=height, step=3 * width, encoding="rgb8")
    image.data.frombytes(bytes(3 * width * height))
    while not publisher.get_subscription_count():
        time.sleep(0.05)
    time.sleep(2)  # until the reader has adapted
    due = time.monotonic()
    for _ in range(count):
        publisher.publish(image)
        due += 1 / rate
        time.sleep(max(0.0, due - time.monotonic()))
    time.sleep(2)  # until the last one was sent again if need be
    rclpy.shutdown()


def read(adapts: bool) -> None:
    """Count images until the driver is gone, and print how many there were."""
    import rclpy

    from edge_perception.core.node import Port, Qos
    from edge_perception.transport.ros.profile import use_transport_profile
    from edge_perception.transport.ros.receiver import Receiver
    from edge_perception.transport.ros.subscription import Subscription

    use_transport_profile()
    rclpy.init()
    node = rclpy.create_node("reader")
    came: list[int] = []
    kind = Qos.MATCHED if adapts else Qos.SENSOR_DATA
    receiver = Receiver(node, lambda error: print(error, file=sys.stderr))
    subscription = Subscription(
        node,
        receiver.group,
        Port("image", "sensor_msgs/msg/Image", "image", kind),
        lambda data: came.append(len(data)),
    )
    receiver.start([subscription.taken])
    seen = False
    while True:
        publishers = node.get_publishers_info_by_topic("/image")
        if seen and not publishers:
            break
        seen = bool(publishers)
        subscription.follow(publishers)
        receiver.listen([subscription.taken])
        time.sleep(0.2)
    receiver.stop()
    print(len(came))
    rclpy.shutdown()


def share(size: str, reliability: str, adapts: bool, seconds: int) -> float:
    """Return the share of the images that arrive."""
    width, height, rate = SIZES[size]
    count = seconds * rate
    own: Mapping[str, str] = {**os.environ, "ROS_DOMAIN_ID": str(1 + os.getpid() % 100)}
    strange = {name: value for name, value in own.items() if name != VARIABLE}
    program = [sys.executable, "-m", "bench.images"]
    root = Path(__file__).parents[1]
    reader = subprocess.Popen(
        [*program, "--read", str(int(adapts))],
        env=own,
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
    )
    what = [str(one) for one in (width, height, rate, reliability, count)]
    subprocess.run([*program, "--drive", *what], env=strange, check=True, cwd=root)
    printed, _ = reader.communicate(timeout=60)
    return int(printed) / count


def main() -> int:
    """Print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.images", description=__doc__)
    parser.add_argument("--seconds", type=int, default=6, help="of each measurement")
    parser.add_argument("--drive", nargs=5, help=argparse.SUPPRESS)
    parser.add_argument("--read", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.drive:
        width, height, rate, reliability, count = given.drive
        drive(int(width), int(height), int(rate), reliability, int(count))
    elif given.read is not None:
        read(bool(given.read))
    else:
        print(f"{'images':>10} {'driver':>12} {'best effort':>12} {'adapting':>9}", flush=True)
        for size in SIZES:
            for reliability in ("reliable", "best_effort"):
                fixed, adapting = (
                    share(size, reliability, adapts, given.seconds) for adapts in (False, True)
                )
                print(f"{size:>10} {reliability:>12} {fixed:>12.0%} {adapting:>9.0%}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

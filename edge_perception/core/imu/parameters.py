"""The parameters of the IMU node."""

from __future__ import annotations

import math

from edge_perception.core.gravity import GRAVITY
from edge_perception.core.parameters import Parameter

PARAMETERS = (
    Parameter(
        "source",
        "mpu:1",
        "mpu:BUS[:ADDRESS] or bno055:BUS[:ADDRESS] on an I2C bus, serial:FORMAT.yaml, a log "
        "(CSV file or bag), or simulated[:KEY=VALUE,...]; docs/imu.md explains them.",
    ),
    Parameter(
        "rate",
        200.0,
        "Measurements a second; a part takes the nearest that it has.",
        minimum=1.0,
        maximum=1000.0,
    ),
    Parameter(
        "gyroscope_range",
        math.radians(500),
        "Greatest angular velocity that must be measured [rad/s].",
        minimum=0.1,
        maximum=100.0,
    ),
    Parameter(
        "accelerometer_range",
        4 * GRAVITY,
        "Greatest acceleration that must be measured, gravity included [m/s²].",
        minimum=GRAVITY,
        maximum=1000.0,
    ),
    Parameter(
        "mounting",
        [0.0, 0.0, 0.0],
        "Roll, pitch, yaw [rad] from the axes of the part to those of frame_id (x forward, y "
        "left, z up).",
    ),
    Parameter("frame_id", "imu_link", "The frame of the measurements."),
    Parameter(
        "delay",
        0.010,
        "Seconds by which a measurement may come late if its part, a log or a simulation keeps it "
        "with its time, so that several are read at once and the computer wakes less often; 0: "
        "each at once.",
        minimum=0.0,
        maximum=0.1,
    ),
    Parameter(
        "gyroscope_noise",
        0.0,
        "Standard deviation of the angular velocity [rad/s]; 0: as the driver says.",
        minimum=0.0,
        maximum=10.0,
    ),
    Parameter(
        "accelerometer_noise",
        0.0,
        "Standard deviation of the acceleration [m/s²]; 0: as the driver says.",
        minimum=0.0,
        maximum=100.0,
    ),
    Parameter(
        "calibration_time",
        2.0,
        "Seconds of standstill after the start that give the gyroscope's bias; 0: no calibration.",
        minimum=0.0,
        maximum=60.0,
    ),
    Parameter(
        "calibration_age",
        7.0,
        "Days after which a stored bias is not used any more.",
        minimum=0.0,
        maximum=3650.0,
    ),
    Parameter(
        "wait_for_source",
        False,
        "Start even if the source can't be opened yet, and wait for it.",
    ),
)

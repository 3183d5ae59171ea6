"""
Where the robot is: an error-state Kalman filter over IMU and wheel odometry.

`filter` is the filter, `stretch` how its covariance spreads between corrections, `history` its
handling of late measurements, `readings` how messages become measurements, `node` the core that
ties them together. The notation is that of Solà, "Quaternion kinematics for the error-state Kalman
filter", 2017, with local angular errors.
"""

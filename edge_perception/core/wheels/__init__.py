"""The wheel odometry node: from wheel positions to how the robot moves."""

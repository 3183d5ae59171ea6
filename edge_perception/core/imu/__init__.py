"""The IMU node: measurements of a source, checked and stamped."""

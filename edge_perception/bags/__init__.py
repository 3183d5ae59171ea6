"""Recorded messages: bags of rosbag2, read whatever state they are in, and written."""

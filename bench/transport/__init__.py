"""Compares what one robot needs over ROS 2 and over nanomsg, and frames over both and Zenoh."""

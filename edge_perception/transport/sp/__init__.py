"""Nodes without ROS in one process or several: nanomsg's scalability protocols (SP)."""

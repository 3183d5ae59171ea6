"""The commands of `edge-robot` for a robot without ROS, whose nodes are linked by SP."""

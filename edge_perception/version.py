"""The version of all that is released together; package.xml, which ROS 2 reads, repeats it."""

VERSION = "0.1.0"

"""
ROS 2 messages without ROS: classes made from .msg files, and their bytes (CDR).

>>> from edge_perception import messages
>>> Text = messages.get("std_msgs/msg/String")
>>> data = messages.serialize(Text(data="hello"))
>>> messages.deserialize(data, Text).data
'hello'

The bytes are those that rclpy exchanges, so shells, bridges and bags copy and never convert.
A field of type ``byte`` is an int here, where rclpy has a bytes object of length one; sequences of
numbers are numpy arrays.
"""

from edge_perception.messages.classes import get, Message
from edge_perception.messages.codec import deserialize, serialize
from edge_perception.messages.definition import MessageError

__all__ = ["Message", "MessageError", "deserialize", "get", "serialize"]

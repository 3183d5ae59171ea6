"""
ONNX Runtime, which runs the user's model as its file says; see `reference`.

It takes memory that a large network needs, so only `session` imports it.
"""

from importlib.metadata import version

NAME = f"ONNX Runtime {version('onnxruntime')}"

"""
Serves an ONNX file by ONNX Runtime: a runtime of MLServer, which imports it.

It runs in an environment of its own, with mlserver and onnxruntime.
"""

from __future__ import annotations

from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse
import onnxruntime


class OnnxModel(MLModel):  # type: ignore[misc]
    """A network in a file."""

    async def load(self) -> bool:
        """Load the file that the model's settings name."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        path = self.settings.parameters.uri
        self._session = onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"]
        )
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Run it."""
        inputs = {one.name: NumpyCodec.decode_input(one) for one in payload.inputs}
        wanted = [one.name for one in payload.outputs or ()] or None
        names = wanted or [one.name for one in self._session.get_outputs()]
        tensors = self._session.run(names, inputs)
        outputs = [
            NumpyCodec.encode_output(name, tensor)
            for name, tensor in zip(names, tensors, strict=True)
        ]
        return InferenceResponse(model_name=self.name, outputs=outputs)

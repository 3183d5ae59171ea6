"""Reading weights out of pickle files without running what is in them."""

from __future__ import annotations

from collections.abc import Mapping
import io
import pickle
from typing import Any

import numpy as np

from edge_compiler.errors import CompileError

_reconstruct = np.empty(0).__reduce__()[0]

_ARRAYS_ONLY = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}
"""All that a pickle of numpy arrays names."""


class SafeUnpickler(pickle.Unpickler):
    """Reads pickles that name nothing but what is allowed. A pickle can call what it can name."""

    def __init__(
        self, stream: io.BytesIO, allowed: Mapping[tuple[str, str], Any], what: str
    ) -> None:
        """
        Read from a stream.

        :param allowed: what a module and a name in it stand for.
        :param what: is allowed, for messages.
        """
        super().__init__(stream)
        self._allowed, self._what = allowed, what

    def find_class(self, module: str, name: str) -> Any:
        """Return what is named; raises UnpicklingError if it is not allowed."""
        try:
            return self._allowed[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"it names {module}.{name}, and only {self._what} are allowed"
            ) from None


def load_arrays(data: bytes, where: str) -> dict[str, list[np.ndarray[Any, Any]]]:
    """
    Unpickle a dictionary of lists of float arrays: layer name -> weights.

    :param where: what the data is, for the error message.
    :raises CompileError: if there is anything else in it.
    """
    try:
        content = SafeUnpickler(io.BytesIO(data), _ARRAYS_ONLY, "numpy arrays").load()
    except Exception as error:  # a damaged pickle may raise anything
        raise CompileError(f"{where} is refused: {error}") from error
    if not isinstance(content, dict) or not all(map(_is_layer, content.items())):
        raise CompileError(f"{where} is refused: expected a dictionary of lists of float arrays")
    return content


def _is_layer(item: tuple[object, object]) -> bool:
    name, arrays = item
    return (
        isinstance(name, str)
        and isinstance(arrays, list)
        and all(isinstance(array, np.ndarray) and array.dtype.kind == "f" for array in arrays)
    )

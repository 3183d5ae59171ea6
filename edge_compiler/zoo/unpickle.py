"""Reading weights out of pickle files without running what is in them."""

from __future__ import annotations

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
"""All that a pickle of numpy arrays names. A pickle can call whatever it can name."""


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ARRAYS_ONLY[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"it names {module}.{name}, and only numpy arrays are allowed"
            ) from None


def load_arrays(data: bytes, where: str) -> dict[str, list[np.ndarray[Any, Any]]]:
    """
    Unpickle a dictionary of lists of float arrays: layer name -> weights.

    :param where: what the data is, for the error message.
    :raises CompileError: if there is anything else in it.
    """
    try:
        content = _ArrayUnpickler(io.BytesIO(data)).load()
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

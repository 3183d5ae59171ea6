"""The device that TensorRT runs on here, asked through the C functions of both libraries."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

from edge_perception.runtime.accelerator import Accelerator
from edge_perception.runtime.errors import BundleError

_CUDA_VERSIONS = (13, 12, 11)
_CAPABILITY = (75, 76)
"""cudaDevAttrComputeCapabilityMajor and -Minor."""


@dataclass(frozen=True)
class Device:
    """
    What an engine depends on beside its network.

    :ivar architecture: of the device, "sm_87".
    :ivar tensorrt: version of TensorRT, "10.8.0".
    """

    architecture: str
    tensorrt: str

    def __str__(self) -> str:
        return f"TensorRT {self.tensorrt} on {self.architecture}"


def find_device(accelerator: Accelerator) -> Device:
    """
    Return the device; the driver is asked before TensorRT, which needs it.

    :raises BundleError: if there is none, or a library is missing.
    """
    names = [f"libcudart.so.{version}" for version in _CUDA_VERSIONS]
    cuda = _load(names, "install CUDA's run time library")
    cuda.cudaGetErrorString.restype = ctypes.c_char_p
    count = ctypes.c_int()
    status = cuda.cudaGetDeviceCount(ctypes.byref(count))
    if status or not count.value:
        why = _reason(cuda, status) if status else "none is listed"
        raise BundleError(f"no CUDA device ({why}); check the driver with nvidia-smi")
    major, minor = (_attribute(cuda, number) for number in _CAPABILITY)
    versions = range(accelerator.newest, accelerator.oldest - 1, -1)
    nvinfer = _load(
        [f"libnvinfer.so.{version}" for version in versions],
        f"install TensorRT {accelerator.oldest} to {accelerator.newest}",
    )
    return Device(f"sm_{major}{minor}", _version(nvinfer.getInferLibVersion()))


def _load(names: list[str], remedy: str) -> ctypes.CDLL:
    for name in names:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    raise BundleError(f"{' or '.join(names)} can't be loaded; {remedy}")


def _attribute(cuda: Any, number: int) -> int:
    value = ctypes.c_int()
    status = cuda.cudaDeviceGetAttribute(ctypes.byref(value), number, 0)
    if status:
        raise BundleError(
            f"the CUDA device can't be asked ({_reason(cuda, status)}); check it with nvidia-smi"
        )
    return value.value


def _reason(cuda: Any, status: int) -> str:
    text: bytes = cuda.cudaGetErrorString(status)
    return text.decode(errors="replace")


def _version(number: int) -> str:
    return f"{number // 10000}.{number // 100 % 100}.{number % 100}"

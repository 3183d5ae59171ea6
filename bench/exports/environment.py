"""The environment of what exports networks: PyTorch, and libraries that make networks with it."""

from __future__ import annotations

from pathlib import Path

from bench.environments import install, INSTALL_SECONDS, run

PACKAGES = ("torch==2.14.1", "torchvision==0.29.1", "onnx==1.23.2", "ultralytics==8.4.190")
FOR_YOLOX = ("loguru==0.7.3", "psutil", "pycocotools==2.0.11", "tabulate==0.10.0", "tqdm")
FOR_CORPUS = ("timm==1.0.31", "onnxscript==0.7.2")
YOLOX = "pixeltable-yolox==0.4.3"
"""Megvii's code; installed without what it asks for beside, which only training needs."""


def exporters() -> Path:
    """
    Return the Python of the environment, installed if need be: 6 GB.

    :raises BenchError: if that fails.
    """
    python = install("exports", *PACKAGES, *FOR_YOLOX, *FOR_CORPUS)
    [site] = python.parent.parent.glob("lib/*/site-packages")
    if not (site / "yolox").is_dir():
        run([python, "-m", "pip", "install", "--no-deps", YOLOX], INSTALL_SECONDS)
    return python


def version(library: str) -> str:
    """Return the version of one of the packages."""
    pinned = dict(name.split("==") for name in (*PACKAGES, *FOR_CORPUS))
    return pinned[library]

"""Loading and running compiled models; needs numpy only."""

from edge_perception.runtime.bundle import (
    model_from_json,
    model_to_json,
    write_manifest,
    write_record,
)
from edge_perception.runtime.contents import read_contents, read_manifest, Trust
from edge_perception.runtime.encodings import ENCODINGS
from edge_perception.runtime.errors import BundleError
from edge_perception.runtime.executor import Executor
from edge_perception.runtime.install import install
from edge_perception.runtime.library import Instance, Library
from edge_perception.runtime.load import check_variants, load, LoadedModel
from edge_perception.runtime.manifest import Manifest
from edge_perception.runtime.record import Record
from edge_perception.runtime.selftest import write_selftest

__all__ = [
    "ENCODINGS",
    "BundleError",
    "Executor",
    "Instance",
    "Library",
    "LoadedModel",
    "Manifest",
    "Record",
    "Trust",
    "check_variants",
    "install",
    "load",
    "model_from_json",
    "model_to_json",
    "read_contents",
    "read_manifest",
    "write_manifest",
    "write_record",
    "write_selftest",
]

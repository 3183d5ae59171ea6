"""The version of the compiler, as recorded in bundles."""

VERSION = "0.1.0"

"""Nodes that use only what somebody trusted has signed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import yaml

from edge_perception.core.environment import Environment, ReadFile
from edge_perception.core.node import ConfigurationError
from edge_perception.core.parameters import Parameter, ParameterError, Parameters
from edge_perception.core.whole_file import FileError
from edge_perception.runtime.contents import Trust
from edge_perception.runtime.errors import BundleError
from edge_perception.runtime.signature import (
    check_signature,
    find_key,
    LARGEST,
    parse_signature,
    PublicKey,
    SUFFIX,
)

TRUSTED_KEYS = Parameter(
    "trusted_keys",
    [""],
    "Public keys (RW...) of edgec keygen or minisign, or the files that hold them: bundles and "
    "files that none of them has signed are refused. Empty: signatures are not looked at.",
    read_only=True,
)

ALLOW_DOWNGRADE = Parameter(
    "allow_downgrade",
    False,
    "With trusted_keys: models may be replaced by such as were signed before them.",
    read_only=True,
)

NOTHING: Mapping[str, int] = MappingProxyType({})


def trusting(
    environment: Environment, parameters: Parameters, signed_at: Mapping[str, int] = NOTHING
) -> Environment:
    """
    Return an environment that reads and loads only what one of the keys has signed.

    :param parameters: with `TRUSTED_KEYS`; without keys the environment is returned as it is.
    :param signed_at: by a bundle's path, seconds since 1970 before which it may not be signed.
    :raises ConfigurationError: if a key is none.
    """
    try:
        trust = Trust(tuple(find_keys(parameters.texts(TRUSTED_KEYS.name))))
    except ParameterError as error:
        raise ConfigurationError(str(error)) from error
    if not trust.keys:
        return environment
    return replace(
        environment,
        read_file=signed_only(environment.read_file, trust.keys),
        load=lambda request: environment.load(
            replace(request, trust=replace(trust, since=signed_at.get(request.path, 0)))
        ),
    )


def find_keys(value: object) -> list[PublicKey]:
    """
    Return the keys that a value of `TRUSTED_KEYS` names; a text is YAML, as of a command line.

    :raises ParameterError: if it has no keys.
    """
    if isinstance(value, str):
        try:
            value = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise ParameterError(f"trusted_keys can't be used: {error}") from error
    given = TRUSTED_KEYS.accept(value, TRUSTED_KEYS.name) if value else []
    assert isinstance(given, list)
    try:
        return [find_key(str(key)) for key in given if key]
    except BundleError as error:
        raise ParameterError(f"trusted_keys can't be used: {error}") from error


def signed_only(read_file: ReadFile, keys: Sequence[PublicKey]) -> ReadFile:
    """Return what reads only files that one of the keys has signed; FileError says why not."""

    def read_signed(path: Path, most: int) -> bytes:
        content = read_file(path, most)
        beside = path.with_name(path.name + SUFFIX)
        try:
            signature = parse_signature(read_file(beside, LARGEST + 1), beside)
            check_signature(content, signature, keys, path)
        except OSError as error:
            raise FileError(
                f"{path} is not signed, as trusted_keys ask for: {beside}: {error.strerror}; sign "
                "it with edgec sign"
            ) from None
        except BundleError as error:
            raise FileError(str(error)) from None
        return content

    return read_signed

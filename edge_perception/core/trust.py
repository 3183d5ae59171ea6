"""Nodes that use only what somebody trusted has signed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from edge_perception.core.environment import Environment
from edge_perception.core.node import ConfigurationError
from edge_perception.core.parameters import Parameter, Parameters
from edge_perception.core.whole_file import FileError
from edge_perception.runtime.contents import Trust
from edge_perception.runtime.errors import BundleError
from edge_perception.runtime.signature import (
    check_signature,
    find_key,
    LARGEST,
    parse_signature,
    SUFFIX,
)

TRUSTED_KEYS = Parameter(
    "trusted_keys",
    [""],
    "Public keys (RW...) of edgec keygen or minisign, or the files that hold them: bundles and "
    "files that none of them has signed are refused. Empty: signatures are not looked at.",
)


ALLOW_DOWNGRADE = Parameter(
    "allow_downgrade",
    False,
    "With trusted_keys: models may be replaced by such as were signed before them.",
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
    given = [key for key in parameters.texts(TRUSTED_KEYS.name) if key]
    if not given:
        return environment
    try:
        trust = Trust(tuple(map(find_key, given)))
    except BundleError as error:
        raise ConfigurationError(f"trusted_keys can't be used: {error}") from error

    def read_signed(path: Path, most: int) -> bytes:
        content = environment.read_file(path, most)
        beside = path.with_name(path.name + SUFFIX)
        try:
            signature = parse_signature(environment.read_file(beside, LARGEST + 1), beside)
            check_signature(content, signature, trust.keys, path)
        except OSError as error:
            raise FileError(
                f"{path} is not signed, as trusted_keys ask for: {beside}: {error.strerror}; sign "
                "it with edgec sign"
            ) from None
        except BundleError as error:
            raise FileError(str(error)) from None
        return content

    return replace(
        environment,
        read_file=read_signed,
        load=lambda request: environment.load(
            replace(request, trust=replace(trust, since=signed_at.get(request.path, 0)))
        ),
    )

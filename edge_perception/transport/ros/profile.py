"""The profile with which Fast DDS passes camera images through shared memory."""

from __future__ import annotations

import os
from pathlib import Path

from edge_perception.share import share_dir

VARIABLE = "FASTDDS_DEFAULT_PROFILES_FILE"


def transport_profile() -> Path:
    """Return the profile of this package."""
    return share_dir() / "config" / "fastdds.xml"


def use_transport_profile() -> None:
    """Let Fast DDS use it in this process, unless the user has a profile."""
    os.environ.setdefault(VARIABLE, str(transport_profile()))

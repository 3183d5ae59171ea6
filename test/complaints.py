"""What a robot complains of on standard error."""

from __future__ import annotations

import re

from edge_perception.core.node import Level

_STATE = re.compile(rf"\[({'|'.join(level.name for level in Level)})\] [\w/]+: ")


def complaints(errors: str) -> list[str]:
    """
    Return the lines that are no states of its diagnostics.

    Those say what is late, as all is on a machine that is too busy.
    """
    return [line for line in errors.splitlines() if not _STATE.match(line)]

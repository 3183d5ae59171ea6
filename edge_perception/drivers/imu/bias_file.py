"""Where the biases of gyroscopes are kept: a small file for each source, in the user's state."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
import re
import tempfile

from edge_perception.core.imu.bias import BiasStoreError, StoredBias

_LARGEST_FILE = 10_000


def state_dir() -> Path:
    """Return the folder for what a robot learns about itself."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "edge_perception"


class BiasFiles:
    """Files of JSON, replaced as a whole."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def load(self, source: str) -> StoredBias | None:
        """
        Return what was saved; None if nothing was.

        :raises BiasStoreError: if it can't be read.
        """
        path = self._path(source)
        try:
            if path.stat().st_size > _LARGEST_FILE:
                raise ValueError("it is too large")
            content = json.loads(path.read_text("utf-8"))
            if content["source"] != source:
                return None
            x, y, z = (float(value) for value in content["gyroscope"])
            if not all(map(math.isfinite, (x, y, z))):
                raise ValueError("it is not finite")
            if not 0 <= (stamp := int(content["stamp"])) < 1 << 63:
                raise ValueError("its stamp is no time")
            return StoredBias((x, y, z), stamp)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, OverflowError, KeyError, TypeError, RecursionError) as error:
            raise BiasStoreError(
                f"the stored bias {path} can't be read ({error}); it is replaced at the next "
                "calibration"
            ) from error

    def save(self, source: str, bias: StoredBias) -> None:
        """
        Save, all of it or nothing.

        :raises BiasStoreError: if that fails.
        """
        path = self._path(source)
        content = {"source": source, "gyroscope": bias.gyroscope, "stamp": bias.stamp}
        temporary = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(
                "w", dir=path.parent, prefix=path.name, suffix=".part", delete=False
            ) as file:
                temporary = Path(file.name)
                json.dump(content, file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError as error:
            if temporary is not None:
                temporary.unlink(missing_ok=True)
            raise BiasStoreError(
                f"the bias can't be saved to {path} ({error.strerror}); make the folder writable, "
                "or set XDG_STATE_HOME"
            ) from error

    def _path(self, source: str) -> Path:
        name = re.sub(r"[^\w.-]+", "_", source)[:80]
        return (self._folder or state_dir()) / f"imu_bias_{name}.json"

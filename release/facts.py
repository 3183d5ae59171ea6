"""What all that is released says of itself."""

from __future__ import annotations

import os
from pathlib import Path
import subprocess
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
EPOCH = "SOURCE_DATE_EPOCH"

_PACKAGE = ElementTree.parse(ROOT / "package.xml").getroot()
_PERSON = _PACKAGE.find("maintainer")
assert _PERSON is not None
NAME, VERSION = _PACKAGE.findtext("name", ""), _PACKAGE.findtext("version", "")
AUTHORS, EMAIL = _PERSON.text or "", _PERSON.get("email", "")
MAINTAINER = f"{AUTHORS} <{EMAIL}>"


def source_date() -> int:
    """Return when all files are from [s since 1970]: the environment's time, or the commit's."""
    given = os.environ.get(EPOCH)
    if given:
        return int(given)
    command = ["git", "log", "-1", "--format=%ct"]
    return int(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)

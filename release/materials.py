"""
What a release is made of: a bill of materials (CycloneDX 1.6), and the licences.

Both tell of the versions that are known to work, which the environment has that releases.
"""

from __future__ import annotations

import json
from pathlib import Path
from string import Template
from time import gmtime, strftime
from uuid import NAMESPACE_URL, uuid5

from release.components import Component, EMBEDDED, installed
from release.facts import AUTHORS, NAME, ROOT, VERSION

_LICENSE = "Apache-2.0"
_OURS = f"pkg:pypi/{NAME.replace('_', '-')}@{VERSION}"


def write(out: Path, date: int) -> None:
    """
    Write both files.

    :param out: the folder for them.
    :param date: of the release [s since 1970].
    """
    found = installed()
    bill = json.dumps(_bill(found, date), indent=2)
    (out / f"{NAME}-{VERSION}.cdx.json").write_text(f"{bill}\n", encoding="utf-8")
    (out / f"{NAME}-{VERSION}.licenses.md").write_text(_licenses(found), encoding="utf-8")


def _bill(found: dict[str, Component], date: int) -> dict[str, object]:
    ours = {
        "type": "application",
        "bom-ref": _OURS,
        "name": NAME,
        "version": VERSION,
        "purl": _OURS,
        "licenses": [{"license": {"id": _LICENSE}}],
        "supplier": {"name": AUTHORS},
    }
    needs = {
        _reference(one): [_reference(found[name]) for name in sorted(one.needs)]
        for one in found.values()
    }
    needs[_OURS] = [_reference(one) for one in found.values()]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, f'{_OURS}#{date}')}",
        "version": 1,
        "metadata": {"timestamp": strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(date)), "component": ours},
        "components": [
            *(_listed(one, ", ".join(sorted(one.extras))) for one in found.values()),
            *(_listed(one, "embedded in bundles for Arm Compute Library") for one in EMBEDDED),
        ],
        "dependencies": [{"ref": one, "dependsOn": needs[one]} for one in sorted(needs)],
    }


def _reference(one: Component) -> str:
    return f"pkg:pypi/{one.name}@{one.version}" if one.extras else f"{one.name} {one.version}"


def _listed(one: Component, why: str) -> dict[str, object]:
    """Return a component as the bill has it; none is needed by all who install ours."""
    listed: dict[str, object] = {
        "type": "library",
        "bom-ref": _reference(one),
        "name": one.name,
        "version": one.version,
        "scope": "required" if "runtime" in one.extras else "optional",
        "licenses": [{"license": {"name": one.license}}],
        "properties": [{"name": f"{NAME}:extra", "value": why}],
    }
    return {**listed, "purl": _reference(one)} if one.extras else listed


def _licenses(found: dict[str, Component]) -> str:
    rows = [
        f"| {one.name} | {one.version} | {one.license} | {', '.join(sorted(one.extras))} |"
        for one in found.values()
    ]
    embedded = [f"| {one.name} | {one.version} | {one.license} |" for one in EMBEDDED]
    template = Template((ROOT / "release" / "licenses.md").read_text("utf-8"))
    return template.substitute(
        name=NAME,
        version=VERSION,
        license=_LICENSE,
        installed="\n".join(rows),
        embedded="\n".join(embedded),
    )

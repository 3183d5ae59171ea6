"""The report, as a page and as data, and the measurements that it shows."""

from __future__ import annotations

from dataclasses import replace
import html.parser
import json
from pathlib import Path
from typing import Any

import pytest
from small_models import load_model, make_model, node, weights

from edge_compiler import passes, report
from edge_compiler.profiling import in_turns, make_profile
from edge_compiler.report.pictures import drawing
from edge_compiler.targets.peak import peak_meter
from edge_perception.runtime import read_manifest
from edge_perception.runtime.manifest import CONVOLUTION, Manifest, OTHER, POOL, Step
from edge_perception.runtime.record import Record

VOID = {"meta"}
HOSTILE = "</title><script>alert('x')</script>\"'&"


class Page(html.parser.HTMLParser):
    """A page, checked while it is read: balanced, and with nothing from outside."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.titles: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names))
        assert not {"src", "href", "xlink:href"} & set(names)
        assert not any(name.startswith("on") for name in names)
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append("")
        if tag == "title":
            self.titles.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "td" in self.open:
            self.rows[-1][-1] += data
        if self.open and self.open[-1] == "title":
            self.titles[-1] += data


def read(bundle: Path) -> tuple[Page, dict[str, Any]]:
    text = (bundle / "report.html").read_text()
    assert "url(" not in text
    assert "@import" not in text
    assert "http" not in text.partition("</style>")[0]
    return Page(text), json.loads((bundle / "report.json").read_text())


def check(bundle: Path) -> None:
    """Check that the page is well formed, and that it says what the data says."""
    page, data = read(bundle)
    manifest = read_manifest(bundle)
    steps = data["steps"]
    assert [step["name"] for step in steps] == [step.name for step in manifest.model.steps]
    rows = [row for row in page.rows if len(row) == 12]
    assert len(rows) == len(steps)
    for number, (row, step) in enumerate(zip(rows, steps, strict=True)):
        error = "" if step["error"] is None else f"{step['error']:.1e}"
        gflops = "" if step["gflops"] is None else f"{step['gflops']:.1f}"
        assert row[:4] == [str(number), step["name"], f"{step['milliseconds']:.3f}", gflops]
        assert row[5:9] == [error, step["kernel"], step["reason"], step["dtype"]]
    assert data["profile"]["milliseconds"] == pytest.approx(sum(s["milliseconds"] for s in steps))
    groups = {group["name"]: group for group in data["profile"]["groups"]}
    for name, group in groups.items():
        members = [step["milliseconds"] for step in steps if step["group"] == name]
        assert group["steps"] == len(members)
        assert group["milliseconds"] == pytest.approx(sum(members))
        assert any(
            row and row[0] == name and row[2] == f"{sum(members):.3f} ms" for row in page.rows
        )
    for allocation in data["allocations"]:
        assert 0 <= allocation["first"] <= allocation["last"] < len(steps)
        assert any(title.startswith(f"{allocation['value']}: ") for title in page.titles)
    for graph in data["graphs"].values():
        for entry in graph:
            assert any(title.startswith(f"{entry['name']}: ") for title in page.titles)


def test_report_of_a_small_model(tiny_bundle: Path) -> None:
    check(tiny_bundle)
    _, data = read(tiny_bundle)
    operators = [entry["operator"] for entry in data["graphs"]["before"]]
    assert operators == ["Conv", "Relu", "Conv", "GlobalAveragePool", "Flatten", "Softmax"]
    assert data["graphs"]["after"][0]["operator"] == "Conv + Relu"


@pytest.mark.slow
def test_report_of_squeezenet(squeezenet_bundle: Path) -> None:
    check(squeezenet_bundle)
    _, data = read(squeezenet_bundle)
    conv, pool, _other = data["profile"]["groups"]
    gathering = [s for s in data["steps"] if s["kernel"] == "Winograd points"]
    assert conv["steps"] == 26 + len(gathering)
    assert pool["steps"] == 5  # three max pools, the global one, the softmax


RECORD = Record("2026-11-23T00:00:00+00:00", None, {})


def write_report(folder: Path, manifest: Manifest, name: str) -> None:
    """Write the report of a model whose nodes have a strange name."""
    nodes = [node("Conv", "x w", "c", name=name), node("Relu", "c", "y", name=f"{name}2")]
    model = make_model(nodes, {"x": [1, 2, 5, 5]}, {"w": weights(4, 2, 3, 3)})
    graph = load_model(model, folder)
    before = report.outline(graph)
    fusions = passes.optimise(graph)
    step = Step(name, f"direct {name}", (name,), name, (1, 4, 3, 3), reason=name, macs=648)
    allocation = replace(manifest.model.allocations[0], value=name, first=0, last=0)
    changed_model = replace(
        manifest.model,
        name=name,
        steps=(step,),
        allocations=(allocation,),
        provenance={name: name},
    )
    profile = make_profile([step], [[1000], [3000], [2000]], "avx2", 1, [])
    measured = report.Measured([None], profile, before, report.outline(graph))
    changed = replace(manifest, model=changed_model, fusions=tuple(fusions))
    report.write(folder, changed, RECORD, measured)


def test_hostile_names_stay_text(tiny_bundle: Path, tmp_path: Path) -> None:
    write_report(tmp_path, read_manifest(tiny_bundle), HOSTILE)
    page, data = read(tmp_path)
    assert not [tag for tag, _ in page.tags if tag == "script"]
    assert page.titles[0] == f"{HOSTILE} - edgec report"
    assert data["steps"][0]["milliseconds"] == 0.002
    assert any(HOSTILE in row for row in page.rows)


def test_model_without_steps_has_a_report(tiny_bundle: Path, tmp_path: Path) -> None:
    manifest = read_manifest(tiny_bundle)
    model = replace(manifest.model, steps=(), allocations=(), arena_bytes=0)
    profile = make_profile([], [[]], "avx2", 1, [100.0])
    changed = replace(manifest, model=model, fusions=())
    report.write(tmp_path, changed, RECORD, report.Measured([], profile, [], []))
    read(tmp_path)


def test_profile_takes_medians_for_times_and_the_fastest_for_the_share_of_the_peak() -> None:
    conv = Step("a", "Winograd 3x3", ("a",), "a", (1,), group=CONVOLUTION, macs=3_000_000)
    pool = Step("b", "max pool 2x2", ("b",), "b", (1,), group=POOL)
    copy = Step("c", "to row-major", ("c",), "", (1,))
    runs = [[30_000, 6_000, 4_000], [900_000, 7_000, 1_000], [10_000, 6_000, 9_000]]
    profile = make_profile([conv, pool, copy], runs, "avx2", 1, [380.0, 500.0, 400.0])
    assert profile.milliseconds == pytest.approx(0.040)
    assert [step.share for step in profile.steps] == pytest.approx([0.75, 0.15, 0.1])
    assert profile.steps[0].gflops == pytest.approx(600)
    assert profile.steps[0].share_of_peak == pytest.approx(1.2)
    assert profile.steps[1].gflops is None
    assert [group.steps for group in profile.groups] == [1, 1, 1]
    assert [group.share for group in profile.groups] == pytest.approx([0.75, 0.15, 0.1])


def test_rules_say_in_which_group_a_step_counts(tiny_bundle: Path) -> None:
    groups = {"direct": CONVOLUTION, "global": POOL, "softmax": POOL, "to": OTHER}
    for step in read_manifest(tiny_bundle).model.steps:
        assert step.group == groups[step.kernel.split()[0]]


def test_peak_is_measured_or_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    with peak_meter("baseline", 2) as peak:
        assert peak is not None
        assert peak() > 1
    with peak_meter("neon", 1) as peak:
        assert peak is None
    monkeypatch.setenv("CC", "/nowhere/cc")
    with peak_meter("baseline", 1) as peak:
        assert peak is None


def test_runs_and_the_peak_are_measured_in_turns() -> None:
    said: list[str] = []
    runs, peaks = in_turns(
        lambda: said.append("run") or [[1], [2]],  # type: ignore[func-returns-value]
        lambda: said.append("peak") or 7.0,  # type: ignore[func-returns-value]
        seconds=0,
    )
    assert list(runs) == [[1], [2]] * 2
    assert said[:2] == ["peak", "run"]
    assert list(peaks) == [7.0] * said.count("peak")
    assert in_turns(lambda: [[1]], None, 0)[1] == []


def test_outline_leaves_out_what_makes_constants(tmp_path: Path) -> None:
    nodes = [node("Add", "w w", "v"), node("Conv", "x v", "c"), node("Add", "c x", "y")]
    model = make_model(nodes, {"x": [1, 2, 5, 5]}, {"w": weights(2, 2, 1, 1)})
    outline = report.outline(load_model(model, tmp_path))
    assert [(entry["operator"], entry["reads"]) for entry in outline] == [
        ("Conv", []),
        ("Add", [0]),
    ]


def test_drawing_lets_no_two_values_share_a_lane() -> None:
    reads = [[], [0], [0], [1, 2], [0, 3], [1, 4], [4]]
    nodes = [
        {"name": str(i), "operator": "Conv", "shape": [1], "nodes": [], "reads": found}
        for i, found in enumerate(reads)
    ]
    picture = drawing(nodes, {})
    vertical = [edge for edge in picture["edges"] if "V" in edge and "Q" in edge]
    lanes = [edge.partition("Q")[2].split()[0] for edge in vertical]
    assert len(lanes) == 3  # of 0 to 4, 1 to 5, and 4 to 6; the others are neighbours
    assert lanes[0] == lanes[2] != lanes[1]
    assert len(picture["nodes"]) == len(reads)

"""
ONNX's own backend tests through the compiler.

``python -m bench.operators`` runs them all and writes docs/operators.md. Compiling a library for
each would take hours: those that aren't refused are put side by side into few libraries.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
import re
import sys
import tempfile
from typing import Any
import warnings

import numpy as np
import onnx
from onnx import numpy_helper

from edge_compiler import frontend, passes, targets
from edge_compiler.description.describe import Description
from edge_compiler.errors import CompileError
from edge_compiler.ir.graph import Graph, Node, Value
from edge_compiler.machine import processor_features
from edge_compiler.targets.base import Target
from edge_perception.runtime.library import Library

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the cases' own arithmetic overflows on purpose
    from onnx.backend.test.loader import load_model_tests

KINDS = ("node", "simple", "pytorch-converted", "pytorch-operator")
TOGETHER = 100
"""Cases in a library."""
TABLE = Path(__file__).parents[1] / "docs" / "operators.md"
DISPUTED = dict.fromkeys(
    (
        "test_resize_downsample_scales_cubic_align_corners",
        "test_resize_downsample_scales_linear_align_corners",
    ),
    "ONNX Runtime, by which libraries are proven, rounds the size before it computes coordinates",
)
"""Cases whose stored outputs are not what ONNX Runtime computes."""

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Case:
    """
    A backend test, with all inputs but the first as constants of the model, or with none.

    :ivar operator: what it tests: the operator of its first node.
    :ivar feeds: of the inputs that are left, by name.
    :ivar expected: of the outputs; None where it is no tensor.
    """

    name: str
    kind: str
    operator: str
    model: onnx.ModelProto
    feeds: Mapping[str, Array]
    expected: Sequence[Array | None]
    tolerance: float


@dataclass(frozen=True)
class Ready:
    """A case whose graph can be compiled."""

    case: Case
    graph: Graph


def cases(kinds: Iterable[str] = KINDS) -> Iterator[Case]:
    """
    Yield every case of these kinds, in both forms where it has several inputs.

    Those that write out what another one tests as a function of ONNX are left out.
    """
    for kind in kinds:
        for test in load_model_tests(kind=kind):
            if test.name.endswith(("_expanded", "_expanded_ver18")):
                continue
            model, (inputs, outputs) = _content(test)
            expected = [_array(output) for output in outputs]
            given = {tensor.name for tensor in model.graph.initializer}
            names = [value.name for value in model.graph.input]
            if len(inputs) < len(names):
                names = [name for name in names if name not in given]
            arrays = {n: _array(x) for n, x in zip(names, inputs, strict=False)}
            nodes = [node.op_type for node in model.graph.node if node.op_type != "Constant"]
            case = Case(
                test.name,
                kind,
                nodes[0] if nodes else "Constant",
                model,
                {name: array for name, array in arrays.items() if array is not None},
                expected,
                _tolerance(expected, test.rtol),
            )
            yield case
            if len(case.feeds) == len(arrays) > 1:
                (first, array), *others = case.feeds.items()
                yield replace(
                    case,
                    name=f"{test.name}/constant",
                    model=_with_constants(model, dict(others)),
                    feeds={first: array},
                )


def _tolerance(expected: Sequence[Array | None], given: float) -> float:
    """Return the relative error that is allowed; halves are rounded at every step."""
    types = {array.dtype.name for array in expected if array is not None}
    return 2.0**-6 if "bfloat16" in types else 2.0**-9 if "float16" in types else given


def _content(test: Any) -> tuple[onnx.ModelProto, tuple[list[Any], list[Any]]]:
    """Return the model of a test and its first set of inputs and outputs."""
    if test.model is not None:
        return test.model, test.data_sets[0]
    folder = Path(test.model_dir)
    model = onnx.load(folder / "model.onnx")
    data = [
        [onnx.load_tensor(str(path)) for path in _numbered(folder / "test_data_set_0", side)]
        if all(_is_tensor(value) for value in values)
        else [None] * len(values)
        for side, values in (("input", model.graph.input), ("output", model.graph.output))
    ]
    return model, (data[0], data[1])


def _numbered(folder: Path, side: str) -> list[Path]:
    return sorted(folder.glob(f"{side}_*.pb"), key=lambda path: int(path.stem.split("_")[1]))


def _is_tensor(value: onnx.ValueInfoProto) -> bool:
    return bool(value.type.HasField("tensor_type"))


def _array(data: Any) -> Array | None:
    """Return a tensor of a test; None if it is a sequence, or nothing."""
    if isinstance(data, onnx.TensorProto):
        data = numpy_helper.to_array(data)
    return np.asarray(data) if isinstance(data, np.ndarray | np.generic) else None


def _with_constants(model: onnx.ModelProto, constants: Mapping[str, Array]) -> onnx.ModelProto:
    fixed = onnx.ModelProto()
    fixed.CopyFrom(model)
    for value in list(fixed.graph.input):
        if value.name in constants:
            fixed.graph.input.remove(value)
    tensors = (numpy_helper.from_array(array, name) for name, array in constants.items())
    fixed.graph.initializer.extend(tensors)
    return fixed


def prepare(case: Case, target: Target) -> Ready | str:
    """Return a case whose graph is optimised, or why it is refused, without names and numbers."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        with suppress(Exception):
            onnx.save(case.model, path)
        try:
            graph = frontend.load(path)
            passes.optimise(graph)
        except CompileError as refusal:
            return _general(str(refusal).replace(f"{path}", "the model"))
    for node in graph.nodes:
        if reason := target.refusal(node):
            return _general(reason if node.op == case.operator else f"{node.op}: {reason}")
    return Ready(case, graph)


def _general(reason: str) -> str:
    """Return a sentence as it is for other tensors, too."""
    reason = re.sub(r"\s*:? (give its real shape|fix it) with --shape.*", "", reason)
    reason = re.sub(r" \(\S*: .*?\)", "", re.sub(r"\[[^\]]*\]", "[...]", reason))
    reason = re.sub(r"'[^']*'", "'...'", reason).replace("node '...' (", "node (")
    return re.sub(r"(?<![A-Za-z\d])\d+", "N", reason).replace("|", "/")  # not that of a type


def run(ready: Sequence[Ready], target: Target, folder: Path) -> dict[str, str]:
    """Return what is wrong with each case, by name; "" if nothing."""
    graph = _side_by_side(ready)
    target.build(graph, Description("cases", ""), folder, lambda *_: None)
    feeds = {
        f"{index}/{name}": array
        for index, one in enumerate(ready)
        for name, array in one.case.feeds.items()
    }
    library = Library(folder / "model.so")
    wrong = dict.fromkeys((one.case.name for one in ready), "")
    types = {value.name: value.type for value in graph.inputs}
    feeds = {n: a.astype(types[n].numpy, copy=False) for n, a in feeds.items() if n in types}
    for variant in target.platform.variants:
        with library.create(threads=1, variant=variant.name) as instance:
            results = instance.run(feeds)
        for one in ready:
            outputs = [results[value.name] for value in one.graph.outputs]
            wrong[one.case.name] = wrong[one.case.name] or _compare(one.case, outputs)
    return wrong


def _side_by_side(ready: Sequence[Ready]) -> Graph:
    """Return one graph of all cases, whose values are called by the number of their case."""
    inputs: list[Value] = []
    outputs: list[Value] = []
    nodes: list[Node] = []
    for index, one in enumerate(ready):
        values = {*one.graph.inputs, *one.graph.outputs}
        for node in list(one.graph.nodes):
            values |= {*node.reads(), *node.outputs}
            nodes.append(
                Node(
                    node.op,
                    f"{index}/{node.name}",
                    node.inputs,
                    node.outputs,
                    node.attributes,
                    node.fused,
                    node.origins,
                )
            )
        for value in values:
            value.name = f"{index}/{value.name}"
        inputs += one.graph.inputs
        outputs += one.graph.outputs
    return Graph("cases", inputs, outputs, nodes)


def _compare(case: Case, outputs: Sequence[Array]) -> str:
    """Return how outputs differ from what is expected; "" if they don't."""
    for got, want in zip(outputs, case.expected, strict=False):
        if want is None:
            return "an output is no tensor"
        if got.shape != want.shape:
            return f"shape {list(got.shape)} where {list(want.shape)} is expected"
        if got.dtype.kind != "f":
            if not np.array_equal(got, want):
                return "other integers than expected"
            continue
        want = want.astype(np.float32)
        try:
            np.testing.assert_allclose(got, want, rtol=case.tolerance, atol=1e-6)
        except AssertionError as error:
            return " ".join(str(error).split())[:200]
    return ""


def table(outcomes: Mapping[Case, str]) -> str:
    """
    Return the page of what became of all cases.

    :param outcomes: "" if a case passed, else why it is refused.
    """
    totals, operators = Counter[tuple[str, bool]](), defaultdict[str, list[str]](list)
    for case, refusal in outcomes.items():
        totals[case.kind, not refusal] += 1
        operators[case.operator].append(refusal)
    lines = [
        "# ONNX's backend tests",
        "",
        "Printed by `make operators`, which runs all of ONNX's backend tests through the",
        "compiler, with every input computed and again with all but the first one constant. None",
        "gives wrong results; what is not compiled is refused with a sentence. Tests that write",
        "out a function of ONNX which another one calls are left out.",
        "",
        "| tests | passed | refused |",
        "|---|---|---|",
        *(f"| {kind} | {totals[kind, True]} | {totals[kind, False]} |" for kind in KINDS),
        "",
        "| operator | passed | refused | because |",
        "|---|---|---|---|",
    ]
    for operator, refusals in sorted(operators.items()):
        reasons = Counter(filter(None, refusals))
        passed, refused = refusals.count(""), reasons.total()
        why = "<br>".join(f"{count}: {reason}" for reason, count in reasons.most_common())
        lines.append(f"| {operator} | {passed} | {refused} | {why} |")
    lines += ["", "Not compared:", ""]
    lines += [f"- `{name}`: {why}." for name, why in DISPUTED.items()]
    return "\n".join(lines) + "\n"


def judge(chosen: Iterable[Case], target: Target) -> dict[Case, str]:
    """
    Return why each case is refused; "" if it passes.

    :raises AssertionError: if results are wrong.
    """
    outcomes: dict[Case, str] = {}
    ready = []
    for case in chosen:
        prepared = prepare(case, target)
        outcomes[case] = prepared if isinstance(prepared, str) else ""
        ready += [prepared] if isinstance(prepared, Ready) else []
    wrong: dict[str, str] = {}
    for first in range(0, len(ready), TOGETHER):
        with tempfile.TemporaryDirectory() as folder:
            found = run(ready[first : first + TOGETHER], target, Path(folder))
        wrong |= {
            name: what
            for name, what in found.items()
            if what and name.split("/")[0] not in DISPUTED
        }
    assert not wrong, "\n".join(f"{name}: {what}" for name, what in wrong.items())
    return outcomes


def best_of_host() -> Target:
    """
    Return the target of this machine, with code for its best instruction set alone.

    There are so many kernels that GCC does not optimise them: that they are right when it does is
    what all other tests show.
    """
    host = targets.get("host")
    known = processor_features()
    best = next(v for v in host.platform.variants if known.issuperset(v.features))
    quick = replace(best, flags=(*best.flags, "-O0"))
    return replace(host, platform=replace(host.platform, variants=(quick,)))


def main() -> int:
    """Write the page; return the exit status."""
    TABLE.write_text(table(judge(cases(), best_of_host())))
    return 0


if __name__ == "__main__":
    sys.exit(main())

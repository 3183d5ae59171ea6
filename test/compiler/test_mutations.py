"""Whether the proof is strong enough: every kernel with an error in it is refused, by node."""

from __future__ import annotations

from dataclasses import dataclass
import io
from pathlib import Path
import re
from typing import BinaryIO

import numpy as np
import onnx
from operator_models import part_of
import pytest
from small_models import with_variants

from edge_compiler import targets
from edge_compiler.compile import compile_model, Options
from edge_compiler.errors import CompileError
from edge_compiler.targets.c import part
from edge_compiler.targets.c.headers import HEADERS
from edge_compiler.targets.program.program import Weights
from edge_compiler.targets.program.variants import BASELINE


@dataclass(frozen=True)
class Mutation:
    """
    An error in a kernel.

    :ivar file: in the folder of kernels.
    :ivar old: text that stands there, once at least; all of them are changed.
    :ivar new: what it becomes.
    :ivar model: the one of ``OPERATOR_MODELS`` with a node that shows it.
    :ivar output: of that node.
    """

    file: str
    old: str
    new: str
    model: str
    output: str

    def __str__(self) -> str:
        return f"{self.output}: {self.old} -> {self.new}"


def _of(file: str, model: str, *rows: tuple[str, str, str]) -> list[Mutation]:
    return [Mutation(file, old, new, model, output) for output, old, new in rows]


MUTATIONS = [
    *_of(
        "conv.h",
        "convolutions",
        ("pointwise", "sum[p * vectors + v] += weight", "sum[p * vectors + v] -= weight"),
        ("strided", "ky * c.dilation_h * c.in_row", "ky * c.in_row * c.stride_h"),
        ("strided", "stride = c.stride_w * c.in_lanes", "stride = c.in_lanes"),
        ("dilated", "kx * c.dilation_w", "kx"),
        ("first", "lane < lanes", "lane < lanes - 1"),
        ("long_sum", "total[i] += sum[i]", "total[i] = sum[i]"),
        ("multiplier", "c.first_block ?", "0 ?"),
        ("first", "x + column * step", "x + column * BLOCK"),
        ("transposed", "+ p * c.out_pixel", "+ p * BLOCK"),
    ),
    *_of(
        "conv.h",
        "fused",
        ("direct_residual", "result += vec_load(r", "result -= vec_load(r"),
        ("relu", "activation_apply(c.act, result)", "result"),
    ),
    Mutation("conv.h", "if (later)", "if (0)", "bounded", "direct_bounded"),
    Mutation("conv.h", "w, b, y + column * c.out_pixel", "w, b, y", "lines", "line_transposed"),
    Mutation("activation.h", "pixels + i * step", "pixels", "bounded", "transposed_bounded"),
    *_of(
        "conv.h",
        "heads",
        ("low", "sum[p * vectors + v] += weight", "sum[p * vectors + v] -= weight"),
        ("low", "if (later)", "if (0)"),
        ("edge", "sum[p * vectors + v] += weight", "sum[p * vectors + v] -= weight"),
        ("edge", "activation_apply(c.act, result)", "result"),
    ),
    *_of(
        "winograd.h",
        "convolutions",
        ("winograd", "- 5.0f * d[2]", "- 4.0f * d[2]"),
        ("winograd", "q + 8.0f * s", "q - 8.0f * s"),
        ("winograd", "0.25f * d[0]", "0.5f * d[0]"),
        ("winograd", "o[j] + bias", "o[j]"),
        ("winograd", "half[j][i]", "half[i][j]"),
        ("winograd_large", "product.accumulate = i > 0", "product.accumulate = 0"),
        ("winograd_large", "weights_at(w, lane * BLOCK, c.half)", "w"),
    ),
    *_of(
        "winograd.h",
        "fused",
        ("winograd_residual", "result += vec_load(r", "result -= vec_load(r"),
    ),
    *_of(
        "depthwise.h",
        "convolutions",
        ("depthwise", "sum[p] += weight", "sum[p] -= weight"),
        ("depthwise", "sum[p] = vec_load(b)", "sum[p] = vec_splat(0.0f)"),
        ("depthwise", "row = todo.inner", "row = 0"),
        ("transposed_depthwise", "y + p * c.out_pixel", "y + p * BLOCK"),
    ),
    Mutation("depthwise.h", "+= vec_load(r", "-= vec_load(r", "fused", "depthwise_residual"),
    *_of(
        "weights.h",
        "halves",
        ("half_strided", "0x1p112f", "0x1p111f"),
        ("half_winograd", "(bits & 0x8000) << 16", "0"),
        ("half_rows", "half ? (ptrdiff_t)sizeof(uint16_t)", "half ? 1"),
    ),
    *_of(
        "gemm.h",
        "matrices",
        ("rows", "sum[r * vectors + v] += right", "sum[r * vectors + v] -= right"),
        ("rows", "row = wide ? tile * c.height", "row = wide ? tile"),
        ("rows_long", "total[i] += sum[i]", "total[i] = sum[i]"),
        ("gemm_computed", "sum[r * vectors + v] * c.alpha", "sum[r * vectors + v]"),
        ("gemm_computed", "c.beta * (", "("),
        ("gemm_computed", ": vec_splat(*more)", ": vec_splat(*e)"),
        ("gemm_turned", "vec_load_some(more + v * LANES, left)", "vec_load_some(more, left)"),
        ("batch", "GEMM_RANK, c.batch, c.b_matrix", "GEMM_RANK, c.batch, c.a_matrix"),
        (
            "batch_tanh",
            "activation_apply_line(c.act",
            "activation_apply_line((activation){ACT_SIGMOID, 0, 0}",
        ),
        ("batch", "(size_t)k * c.term, sizeof", "(size_t)k, sizeof"),
    ),
    *_of(
        "activation.h",
        "activations",
        ("relu", "case ACT_RELU: return vec_max", "case ACT_RELU: return vec_min"),
        ("clip", "vec_min(vec_splat(act.b)", "vec_min(vec_splat(act.a)"),
        ("leaky", "+ act.a * vec_min", "- act.a * vec_min"),
        ("sigmoid", "1.0f + vec_exp", "2.0f + vec_exp"),
        ("silu", "return x * activation_sigmoid(x)", "return activation_sigmoid(x)"),
        ("tanh", "* z - 3.33332819422e-1f", "* z + 3.33332819422e-1f"),
        ("tanh", "2.0f * activation_sigmoid(2.0f * x)", "2.0f * activation_sigmoid(x)"),
        ("hard_sigmoid", "act.a * x + act.b", "act.a * x - act.b"),
        (
            "falling_sigmoid",
            "vec_min(vec_splat(1.0f), vec_max",
            "vec_max(vec_splat(1.0f), vec_max",
        ),
        ("hard_swish", "(1.0f / 6.0f) + 0.5f", "(1.0f / 6.0f) - 0.5f"),
        ("hard_swish", "x * vec_min(vec_splat(1.0f), ", "x * (vec_splat(0.0f) + "),
        ("elu", "p * x + 1.666622408e-1f", "p * x - 1.666622408e-1f"),
        ("elu", "vec_exp(x) - 1.0f", "vec_exp(x) + 1.0f"),
        ("erf", "p * z - 3.761262582e-1f", "p * z + 3.761262582e-1f"),
        ("erf", "-far, far", "far, far"),
        ("gelu", "p * t + 1.102273263e-1f", "p * t - 1.102273263e-1f"),
        ("gelu", "tail, 1.0f - tail", "tail, tail"),
        ("gelu_tanh", "0.044715f * x", "0.004715f * x"),
        ("neg", "return -x", "return x"),
        ("abs", "case ACT_ABS: return vec_max(x, -x)", "case ACT_ABS: return x"),
        ("selu", "act.b * vec_select", "vec_select"),
        ("softplus", "activation_log(sum) * small", "activation_log(sum)"),
        ("softplus", "vec_max(vec_splat(0.0f), x) + log", "x + log"),
        ("softsign", "x / (1.0f +", "x / (2.0f +"),
        ("thresholded", "x > act.a", "x > act.b"),
        ("floor", "below - 1.0f, below", "below, below"),
        ("ceil", "return -activation_floor(-x)", "return activation_floor(x)"),
        ("round", "(ivec)rounded | sign", "(ivec)rounded"),
        ("sign", "vec_splat(-1.0f), x", "vec_splat(1.0f), x"),
        ("reciprocal", "return 1.0f / x", "return 2.0f / x"),
        ("exp", "return root * root", "return root"),
    ),
    *_of(
        "vec.h",
        "activations",
        ("sigmoid", "vec_splat(89.0f)", "vec_splat(8.0f)"),
        ("sigmoid", "vec_splat(-88.1f)", "vec_splat(-8.0f)"),
        ("sigmoid", "(n + 127)", "(n + 126)"),
        ("silu", "p * x + 1.6666665459e-1f", "p * x - 1.6666665459e-1f"),
    ),
    *_of(
        "vec.h",
        "heads",
        ("low", "vec_splat(89.0f)", "vec_splat(8.0f)"),
        ("low", "(n + 127)", "(n + 126)"),
        ("low", "p * x + 1.6666665459e-1f", "p * x + 1.6e-1f"),
    ),
    *_of(
        "activation.h",
        "arithmetic",
        ("root", "return vec_sqrt(x)", "return x"),
        ("logarithm", "p * f - 2.4999993993e-1f", "p * f + 2.4999993993e-1f"),
        ("logarithm", "+ exponent * 0.693359375f", "- exponent * 0.693359375f"),
    ),
    *_of(
        "activation.h",
        "heads",
        ("edge", "act.a * x + act.b", "act.a * x + 1.0001f * act.b"),
    ),
    *_of(
        "work.h",
        "activations",
        ("relu", "* (part + 1) / parts)", "* (part + 1) / parts) - 1"),
        ("relu", "last - p->outer + p->outers - 1)", "last - p->outer - 1)"),
        ("relu", "{some.first - 1,", "{some.first,"),
    ),
    *_of(
        "elementwise.h",
        "arithmetic",
        ("add", "return a + b", "return a - b"),
        ("sub", "return a - b", "return b - a"),
        ("mul", "return a * b", "return a + b"),
        ("div", "return a / b", "return a * b"),
        ("max", "vec_max_or_nan(a, b)", "a"),
        ("min", "vec_min_or_nan(a, b)", "b"),
        ("mul_mean", "x * c.b.column", "x * c.a.column"),
        ("add_row", "y * c.b.row", "y * c.a.row"),
        ("batch_norm", "* s + t", "* s - t"),
        ("prelu", "a < 0.0f, a * b, a", "a < 0.0f, a, a * b"),
        ("prelu_computed", "a < 0.0f, a * b, a", "a < 0.0f, b, a"),
        ("power", "powf(a[i], b[i])", "powf(b[i], a[i])"),
    ),
    *_of(
        "pool.h",
        "windows",
        ("max_pool", "vec_splat(-INFINITY)", "vec_splat(0.0f)"),
        ("max_pool_edges", "yy < 0 ||", ""),
        ("max_pool_dilated", "kx * c.dilation_w", "kx"),
        ("average_pool", "1.0f / (float)taps", "0.5f / (float)taps"),
        ("average_pool_edges", "taps++", "taps = 9"),
        ("average_pool_pad", "if (c.count_include_pad)", "if (0)"),
        ("global_average", "c.in_h * c.in_w)", "c.in_h * c.in_h)"),
    ),
    *_of(
        "normalize.h",
        "windows",
        ("softmax_row", "vec_exp(vec_load_some(in + whole, left) - largest)", "vec_splat(1.0f)"),
        (
            "softmax_channels",
            "vec_store_some(p, vec_load_some(p, lines) * factor",
            "vec_store_some(p, factor",
        ),
        ("lrn", "j = -before", "j = 0"),
        ("lrn_powers", "-c.beta", "c.beta"),
        ("lrn", "c.alpha / (float)c.size", "c.alpha"),
    ),
    *_of(
        "normalize.h",
        "tokens",
        ("norm", "difference * difference", "difference"),
        ("norm_rows", "+ c.epsilon", "- c.epsilon"),
        ("norm", "result += vec_load_some(shift", "result -= vec_load_some(shift"),
    ),
    *_of(
        "reduce.h",
        "tokens",
        ("mean_rows", "1.0f / (float)length", "1.0f / (float)inner"),
        ("largest", "vec_max_or_nan(a, b)", "vec_min_or_nan(a, b)"),
        ("product", "REDUCE_PROD: return a * b", "REDUCE_PROD: return a + b"),
        ("squares", "REDUCE_SUM_SQUARE: return x * x", "REDUCE_SUM_SQUARE: return x"),
        ("length", "vec_sqrt(result)", "result"),
        ("sizes", "REDUCE_L1: return vec_max(x, -x)", "REDUCE_L1: return x"),
        ("sum_last", "k < length; k++) one", "k < length - 1; k++) one"),
        ("log_sum", "activation_log(result)", "result"),
        ("log_sum_exp", "vec_exp(x - base)", "vec_exp(x)"),
        ("running", "c.exclusive ? sum", "c.exclusive ? next"),
    ),
    *_of(
        "indices.h",
        "lookups",
        ("elements", "given + length", "given"),
        ("slices", "at * c.lengths[k] +", "at +"),
        ("each_slice", "(i / c.tuples) * c.batch", "(i / c.tuples)"),
        ("added", "(U)x + (U)y", "(U)y"),
        ("slices_most", "x > y ? x", "x < y ? x"),
    ),
    *_of(
        "topk.h",
        "lookups",
        ("best", "below++;", ";"),
        ("least", "c.smallest ? x < y", "0 ? x < y"),
        ("top_bytes", "const int64_t worst = heap[0]", "const int64_t worst = 0"),
    ),
    *_of(
        "quantise.h",
        "lookups",
        ("quantised", "rintf(", "floorf("),
        ("quantised_rows", "zero[row.c + i * STEP(c)]", "zero[0]"),
        ("numbers", "- zero[row.c", "+ zero[row.c"),
    ),
    *_of(
        "recurrent.h",
        "sequences",
        ("rnn", "c.backwards ||", ""),
        ("gru", "(1.0f - keep) * state", "keep * state"),
        ("gru_after", "c.reset_after ? bias", "0 ? bias"),
        ("lstm", "sum[i] += h[k]", "sum[i] -= h[k]"),
        ("step", "peepholes + c.width + i) * new", "peepholes + i) * new"),
        ("coupled", "vec_splat(c.clip)", "vec_splat(9.0f)"),
    ),
    *_of(
        "elementwise.h",
        "tokens",
        ("outer_sum", "c.shape, c.b) + first", "c.shape, c.a) + first"),
        ("gate", ": vec_splat(*pb)", ": vec_splat(*b)"),
    ),
    *_of(
        "resize.h",
        "windows",
        ("nearest", "columns[x].first * BLOCK", "columns[0].first * BLOCK"),
        ("linear", "row.second", "row.first"),
        ("linear", "columns[x].fraction", "0.5f * columns[x].fraction"),
        ("cubic", "weights[w.weights + k]", "weights[w.weights]"),
        ("shrunk", "line * c.in_line", "line * c.out_line"),
        ("cropped", "0.0f : c.outside", "0.0f : 0.0f"),
    ),
    # memory that held something else before: the halo must be cleared
    Mutation("halo.h", "(behind + h.bottom * row)", "behind", "chain", "second"),
    Mutation("halo.h", "sizeof(float) * behind);", "0);", "chain", "second"),
    *_of(
        "copy.h",
        "moves",
        ("concat", "c.out_channel + channel", "channel"),
        ("shuffled", "c.source ? c.source[channel] : channel", "channel"),
        ("transpose", "x * c.in[5]", "x"),
        ("slice", "MAX_RANK - 1, c.shape, c.in", "MAX_RANK - 1, c.shape, c.out"),
        ("expand", "x * c.in[5] * c.bytes", "x * c.bytes"),
    ),
    *_of(
        "instance_norm.h",
        "windows",
        ("instance_norm", "squared ? difference * difference", "squared ? difference"),
        ("instance_norm", "variance + c.epsilon", "variance"),
        ("instance_norm", "* factor + offset", "* factor - offset"),
    ),
    *_of(
        "instance_norm.h",
        "lines",
        ("line_norm", "scale[i % c.channels]", "scale[0]"),
        ("line_norm", "lane = count - k; lane < LANES", "lane = LANES; lane < LANES"),
    ),
    *_of(
        "grid_sample.h",
        "windows",
        ("sampled_linear_zeros", "i >= 0 && i < size ? i : -1", "work_clamp(i, 0, size - 1)"),
        ("sampled_linear_border", "? x - below", "? 1.0f - (x - below)"),
        ("sampled_nearest_zeros", "nearbyintf(x)", "floorf(x)"),
        ("sampled_cubic_reflection", "a = -0.75f", "a = -0.5f"),
        ("sampled_cubic_reflection", "(x < low) == even", "(x < low) != even"),
    ),
    *_of(
        "roi_align.h",
        "windows",
        ("regions", "offset = c.half_pixel ? 0.5f", "offset = c.half_pixel ? 0.0f"),
        ("regions", "down * right * vec_load(lower + x1", "down * right * vec_load(lower + x0"),
        ("regions_old", "length = 1.0f", "length = 0.0f"),
        ("regions_old", "c.samples ? c.samples : most", "most"),
    ),
    *_of(
        "pad.h",
        "moves",
        ("pad", "return -1", "return 0"),
        ("pad_edge", "i < 0 ? 0 : size - 1", "0"),
        ("pad_reflect", "period - place", "period - place - 1"),
        ("pad_wrap", "PAD_WRAP ? size", "PAD_WRAP ? size + 1"),
        ("pad_reflect", "+ work_place(row, LAST", "+ work_place(row + 1, LAST"),
    ),
    *_of(
        "copy.h",
        "typed_moves",
        ("h_turned", "x * c.in[5] * c.bytes", "x * c.in[5] * 4"),
        ("l_part", "from * c.bytes", "from * 4"),
    ),
    *_of(
        "elements.h",
        "choices",
        ("above_row", "c.shape, c.b)", "c.shape, c.a)"),
        ("is_less", "(c.operand[MAX_RANK - 1])", "0 * (c.operand[0])"),
        ("to_int", "row->first += row->count", "row->first += row->count + 1"),
    ),
    *_of(
        "logic.h",
        "choices",
        ("is_greater", "x > y", "x >= -y"),
        ("is_equal", "x == y", "x != y"),
        ("is_lessorequal", ": x <= y", ": x > y"),
        ("xor", ": x ^ y", ": x | y"),
        ("not", "!a[", "a["),
        ("where", "? x : y", "? y : x"),
    ),
    *_of(
        "integer.h",
        "integers",
        ("add", "u + v", "u - v"),
        ("mul_long", "u * v", "u + v"),
        ("div", "x / y", "(x - 1) / y"),
        ("div_long", "(T)(0 - u)", "(T)(1 - u)"),
        ("abs_byte", "|| x < 0", "|| x < -1"),
        ("mod", "(T)(rest + y) : rest", "rest : rest"),
        ("shift", "u >> v", "u << v"),
    ),
    *_of("remainder.h", "arithmetic", ("rest", "fmodf", "remainderf")),
    *_of(
        "qconv.h",
        "quantised",
        ("q_dilated", "ky * c.dilation_h - c.pad_top", "ky - c.pad_top"),
        ("q_strided", "bytes_cell(patch, outside", "bytes_cell(patch, bytes_splat(0)"),
        ("q_dilated", "kx * c.dilation_w * size", "kx * size"),
        ("q_grouped", "c.first_block[i] *", "0 *"),
        ("q_pointwise", "SUMS_HAVE_BIAS ? *", "0 ? *"),
        ("q_pointwise", "(size_t)t.first * c.out_pixel", "0"),
        ("q_rows", "(size_t)p * c.out_pixel", "(size_t)p * BLOCK"),
    ),
    *_of(
        "qplanes.h",
        "quantised",
        ("q_picture", "+ ky - c.pad_top", "+ ky"),
        ("q_picture", "c.outside ^ c.in_flip", "c.in_flip"),
        ("q_picture", "from + p * c.stride_w", "from + p"),
        ("q_picture", "windows += c.kernel_w", "windows += c.kernel_w + 1"),
    ),
    *_of(
        "qwinograd.h",
        "quantised",
        ("q_square", "o[3] = r + s;", "o[3] = r - s;"),
        ("q_square", "o[2] = p + 4 * r;", "o[2] = p + 2 * r;"),
        ("q_square", "6 * d[2]", "5 * d[2]"),
        ("q_square", "bytes_splat(c.outside) ^ flip", "flip"),
        ("q_square", "954437177u", "954437178u"),
        ("q_square", ">> 6) + bias", ">> 6)"),
        ("q_square", "first + i < tiles", "first + i < tiles - 1"),
    ),
    *_of("words.h", "quantised", ("q_square", "two[i] = *(const words", "two[0] = *(const words")),
    *_of(
        "qdepthwise.h",
        "quantised",
        ("q_depthwise", "vec_float(wide[v] - c.in_zero)", "vec_float(wide[v])"),
        ("q_depthwise", "sum[p] * vec_load(m + v)", "sum[p] * vec_load(m)"),
        ("q_depthwise", "(row - first) * c.stride_h", "0"),
    ),
    *_of(
        "bytes.h",
        "quantised",
        ("q_pointwise", "odd ? four >> 8 :", "odd ? four :"),
        ("q_cut", "vec_splat((float)c.high)", "vec_splat(255.0f)"),
        ("q_add", "+ c.zero;", ";"),
        (
            "q_depthwise",
            "wide[1] = (ivec)_mm_unpackhi_epi16(low",
            "wide[1] = (ivec)_mm_unpackhi_epi16(high",
        ),
    ),
    Mutation("bytes.h", "^ bytes_splat(c.flip);", ";", "signed_bytes", "q_limited"),
    *_of(
        "qelements.h",
        "quantised",
        ("q_add", "bytes_rounded(b[v] * q.by_right)", "bytes_rounded(b[v] * q.by_left)"),
        ("q_add", "!step ? bytes_splat(*x) :", ""),
        ("q_mul", "a[v] * b[v] : a[v]", "a[v] + b[v] : a[v]"),
        ("q_table", "table[from[i]]", "table[255 - from[i]]"),
    ),
    *_of(
        "qpool.h",
        "quantised",
        ("q_max_pool", "tap > largest", "tap < largest"),
        ("q_average_pool", "taps++", "taps = 6"),
        ("q_average_all", "if (c.count_include_pad)", "if (0)"),
        ("q_mean", "wide[v] - c.zero", "wide[v]"),
    ),
    *_of(
        "cast.h",
        "choices",
        ("to_int", "(int32_t)x :", "(int32_t)(x + 0.5f) :"),
        ("to_bool", "x != 0", "x > 0"),
    ),
    *_of(
        "select.h",
        "choices",
        ("classes", "x > y", "x < y"),
        ("first", "c.last &", "1 &"),
        ("last", "c.last &", "0 &"),
        ("words", "given + c.length", "given"),
        ("middle", "todo.outer * c.length", "c.length"),
    ),
]


def _compile_with_error(
    monkeypatch: pytest.MonkeyPatch, folder: Path, model: onnx.ModelProto, node: str
) -> None:
    """Check that the compiler refuses ``model``, names ``node``, and leaves nothing behind."""
    monkeypatch.setitem(targets.TARGETS, "host", with_variants("host", BASELINE))
    path = folder / "model.onnx"
    onnx.save(model, path)
    with pytest.raises(CompileError) as caught:
        compile_model(path, folder / "model.edge", Options(), lambda *_: None)
    assert re.search(rf"is wrong at node .*\b{node}\b.*: ", str(caught.value)), caught.value
    assert not list(folder.glob("*.edge*"))


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_an_error_in_a_kernel_is_found(
    mutation: Mutation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {path.name: path for path in HEADERS}
    text = headers[mutation.file].read_text()
    assert mutation.old in text, "the kernel has changed: choose another error"
    headers[mutation.file] = tmp_path / mutation.file
    headers[mutation.file].write_text(text.replace(mutation.old, mutation.new))
    monkeypatch.setattr(part, "HEADERS", list(headers.values()))
    model = part_of(mutation.model, mutation.output)
    _compile_with_error(monkeypatch, tmp_path, model, mutation.output)


def test_every_kernel_has_its_errors() -> None:
    assert {mutation.file for mutation in MUTATIONS} == {path.name for path in HEADERS}


@pytest.mark.parametrize("position", [0.3, 0.9])
@pytest.mark.parametrize(
    ("model", "output"),
    [
        ("convolutions", "pointwise"),
        ("convolutions", "winograd"),
        ("convolutions", "depthwise"),
        ("convolutions", "grouped"),
        ("heads", "low"),
        ("heads", "edge"),
        ("arithmetic", "batch_norm"),
        ("products", "gemm_long"),
        ("quantised", "q_pointwise"),
        ("quantised", "q_depthwise"),
        ("quantised", "q_table"),
    ],
)
def test_a_wrong_weight_is_found(
    model: str, output: str, position: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(weights: Weights, file: BinaryIO) -> None:
        """Change the sign of one of the weights."""
        content = io.BytesIO()
        honest(weights, content)
        numbers = np.frombuffer(content.getvalue(), np.float32).copy()
        used = np.flatnonzero(numbers)
        if used.size:
            numbers[used[int(position * used.size)]] *= -1
        file.write(numbers.tobytes())

    honest = Weights.write
    monkeypatch.setattr(Weights, "write", write)
    _compile_with_error(monkeypatch, tmp_path, part_of(model, output), output)

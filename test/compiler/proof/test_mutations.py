"""Whether the proof is strong enough: every kernel with an error in it is refused, by node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import io
from pathlib import Path
import re
from typing import BinaryIO

import numpy as np
import onnx
from operator_models import part_of
import pytest
from small_models import runs_here, with_variants

from edge_compiler import targets
from edge_compiler.compile import compile_model, Options
from edge_compiler.errors import CompileError
from edge_compiler.targets.c import part
from edge_compiler.targets.c.headers import HEADERS
from edge_compiler.targets.program.program import Weights
from edge_compiler.targets.program.variants import (
    AVX2,
    AVX512,
    AVX512BF16,
    AVX512VNNI,
    BASELINE,
    FP16,
    I8MM,
    NEON64,
    Variant,
)


@dataclass(frozen=True)
class Mutation:
    """
    An error in a kernel.

    :ivar file: in the folder of kernels.
    :ivar old: text that stands there, once at least; all of them are changed.
    :ivar new: what it becomes.
    :ivar model: the one of ``PROVEN_MODELS`` with a node that shows it.
    :ivar output: of that node.
    :ivar variant: the instruction set whose code it is in.
    :ivar target: that has it.
    :ivar others: instruction sets that the library has, too.
    """

    file: str
    old: str
    new: str
    model: str
    output: str
    variant: Variant = BASELINE
    target: str = "host"
    others: tuple[Variant, ...] = ()

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
        ("windows", "c.first_result ?", "0 ?"),
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
        "winograd_transform.h",
        "convolutions",
        ("winograd", "d[4], d[2], -5.0f", "d[4], d[2], -4.0f"),
        ("winograd", "q + 8.0f * s", "q - 8.0f * s"),
        ("winograd", "0.25f * scale * d[0]", "0.5f * scale * d[0]"),
    ),
    *_of(
        "winograd.h",
        "convolutions",
        ("winograd", "o[j] + bias", "o[j]"),
        ("winograd", "half[j][i]", "half[i][j]"),
        ("winograd_large", "product.accumulate = i > 0", "product.accumulate = 0"),
        ("winograd_large", "c.half, w, channels, slice", "c.half, w, 1, slice"),
    ),
    *_of(
        "winograd.h",
        "fused",
        ("winograd_residual", "result += vec_load(r", "result -= vec_load(r"),
    ),
    *_of(
        "strassen.h",
        "convolutions",
        ("strassen", "s1 = a21 + a22", "s1 = a21 - a22"),
        ("strassen", "t2 = b22 - t1", "t2 = b22 - b12"),
        ("strassen", "strassen_add(count, sum, sum_u)", "strassen_add(count, sum, sum_v)"),
        ("strassen", "if (p < skipped)", "if (p <= skipped)"),
        ("strassen", "pixels, blocks, sum, sum_v", "pixels, blocks, sum, NULL"),
        ("strassen", "column = 0, place += row", "column = 0"),
        ("strassen_strided", "column * pixel", "column * BLOCK"),
        (
            "strassen_half",
            "a12 = weights_load(weights_at(w, at",
            "a12 = weights_load(weights_at(w, 0",
        ),
    ),
    *_of(
        "strassen.h",
        "fused",
        ("strassen_residual", "result += vec_load(r", "result -= vec_load(r"),
    ),
    Mutation("strassen.h", "activation_is_long(c.act))", "0)", "bounded", "strassen_bounded"),
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
    *(
        Mutation(file, old, new, "halves", output, AVX512BF16)
        for file, output, old, new in (
            ("pairs.h", "half_pointwise", "+ 0x7fff + (b", "+ (b"),
            ("pairs.h", "half_strided", "& ~0xffff", "& ~0x1ffff"),
            ("conv_pairs.h", "half_strided", "lane + 1 < lanes ?", "0 ?"),
            ("conv_pairs.h", "half_strided", "(c.stride_h / down) *", ""),
            ("conv_pairs.h", "half_dilated", "(c.kernel_w - 1) * c.dilation_w", "c.kernel_w"),
            ("conv_pairs.h", "half_planes", "c.stride_w / 2 :", "c.stride_w :"),
            ("winograd_weights.h", "half_winograd", "second = others ?", "second = !others ?"),
            ("winograd.h", "half_winograd", "all_lanes * BLOCK", "channels * BLOCK"),
            ("winograd_transform.h", "half_winograd_4", "a * (q + 2.0f * s)", "q + 2.0f * s"),
            ("winograd_transform.h", "half_winograd_4", "pairs ? 0.75f", "pairs ? 1.0f"),
            ("pairs.h", "half_winograd_4", "0x7fff + (a", "(a"),
            ("conv_pairs.h", "half_planes", "(c.kernel_w + 1) / 2", "c.kernel_w / 2"),
            ("conv_pairs.h", "half_dilated", "first * c.stride_h * c.in_row", "0"),
        )
    ),
    *(
        Mutation(file, old, new, "halves", output, FP16, "aarch64")
        for file, output, old, new in (
            ("halves.h", "half_pointwise", "v[i] *= factor", "v[i] *= 1.0f"),
            ("halves.h", "half_dilated", "vget_low_f16(all)", "vget_high_f16(all)"),
            ("conv.h", "half_pointwise", "(1.0f / c.factor)", "1.0f"),
            ("conv.h", "half_strided", "2 * pair % HALF_LANES + lane", "lane"),
            ("conv.h", "half_dilated", "w = weights_at(w, BLOCK, 0)", "w = weights_at(w, 0, 0)"),
            ("conv.h", "half_deep", "part, x + i * c.in_plane", "part, x"),
            ("winograd.h", "half_winograd_4", "d[i] *= c.factor", "d[i] *= 1.0f"),
            ("winograd.h", "half_winograd_4", "o[j] * (1.0f / c.factor)", "o[j]"),
            ("winograd.h", "half_winograd_4", ".half_blocks = 1", ".half_blocks = 2"),
            ("winograd_weights.h", "half_winograd", "j * BLOCK / 2", "j * BLOCK / 4"),
            ("winograd_transform.h", "half_winograd_4", "p, q, -a", "p, q, a"),
            ("pairs.h", "half_winograd", "vcvt_f16_f32((float32x4_t)v)", "vdup_n_f16(1)"),
            ("conv.h", "half_deep", "? last - i : c.half_blocks", "? last - i : 1"),
        )
    ),
    Mutation(
        "conv_pairs.h",
        "(ptrdiff_t)todo.outer * lines",
        "0",
        "halves",
        "half_pointwise",
        FP16,
        "aarch64",
        others=(NEON64,),
    ),
    *_of(
        "gemm.h",
        "matrices",
        ("rows", "sum[r * vectors + v] += right", "sum[r * vectors + v] -= right"),
        ("rows", "row = tile * c.height", "row = tile"),
        ("rows_long", "total[i] += sum[i]", "total[i] = sum[i]"),
        ("gemm_computed", "c.beta * (", "("),
        ("gemm_computed", ": vec_splat(*more)", ": vec_splat(*e)"),
        ("gemm_turned", "vec_load_some(more + v * LANES, left)", "vec_load_some(more, left)"),
        ("batch", "GEMM_RANK, c.batch, c.b_matrix", "GEMM_RANK, c.batch, c.a_matrix"),
        (
            "batch_tanh",
            "activation_apply_line(c.act",
            "activation_apply_line((activation){ACT_SIGMOID, 0, 0}",
        ),
        ("batch", "(size_t)k * c.term", "(size_t)k"),
        ("gemm_computed", "= c.scale * line", "= line"),
    ),
    *_of(
        "gemm.h",
        "attention",
        ("attended_long", "sum[r * vectors + v] * c.alpha", "sum[r * vectors + v]"),
        ("attended_tanh", "x[i] = c.scale * *", "x[i] = *"),
        ("attended_tanh", "GEMM_SHUFFLE(d, e, 2, 3, 6, 7)", "GEMM_SHUFFLE(d, e, 0, 1, 4, 5)"),
    ),
    *_of(
        "attention.h",
        "attention",
        ("attended", "c.wide_tiles + longer", "c.wide_tiles"),
        ("attended", "(longer ? todo.inner : c.longer)", "c.longer"),
        ("attended", "row < rows + longer", "row < rows"),
        ("attended", "gemm_right_place(c.mixed", "gemm_right_place(c.scores"),
        ("attended_row", "1.0f / normalize_sum", "normalize_sum"),
        ("attended_tanh", "(ptrdiff_t)first * c.scores.a_row", "first"),
        ("attended", "= -INFINITY", "= 0.0f"),
        ("attended_long", "sums[row * LANES], line, line", "sums[row * LANES], line, scores"),
        ("attended_tanh", "- largest) * power", "- largest)"),
    ),
    *_of(
        "normalize.h",
        "attention",
        ("attended_long", "total += e[0]", "total = e[0]"),
        ("attended", "* factor, length - x", ", length - x"),
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
        ("softmax_row", "normalize_powers(&e, 1, whole)", "e = vec_splat(1.0f)"),
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
    Mutation("copy.h", "rest, c.in)", "rest, c.out)", "tokens", "turned"),
    Mutation("normalize.h", "vpermilps $0x4e", "vpermilps $0xb1", "tokens", "norm", AVX2),
    Mutation("normalize.h", "vshuff64x2 $0xb1", "vshuff64x2 $0x4e", "tokens", "norm", AVX512),
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
        ("quantised", "LANES) / quantise_divisor(scale)", "LANES) * scale"),
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
        ("slice", "slice * c.in[cut]", "slice * c.out[cut]"),
        ("expand", "x * c.in[5] * c.bytes", "x * c.bytes"),
        ("last", "from + x * c.in.lanes, sizeof(T) * BLOCK", "from, sizeof(T) * BLOCK"),
        ("last", "from + x * c.in.lanes, sizeof(T) * (c.ch", "from, sizeof(T) * (c.ch"),
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
        ("h_turned", "slice * c.in[cut]", "slice"),
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
        ("rest_computed", "(T)(u - v * (U)whole)", "(T)(u + v * (U)whole)"),
        ("shift", "u >> v", "u << v"),
    ),
    *_of("remainder.h", "arithmetic", ("rest", "fmodf", "remainderf")),
    *_of(
        "qconv.h",
        "quantised",
        ("q_dilated", "y = top + i * down", "y = top + i"),
        ("q_strided", "bytes_cell(patch, outside", "bytes_cell(patch, bytes_splat(0)"),
        ("q_dilated", "kx * c.dilation_w * size", "kx * size"),
        ("q_grouped", "c.first_block[i] *", "0 *"),
        ("q_pointwise", "sum[i] = *(const ivec *)(b", "sum[i] = 0 * *(const ivec *)(b"),
        ("q_pointwise", "(size_t)t.first * c.out_pixel", "0"),
        ("q_rows", "(size_t)c.out_pixel, left", "(size_t)BLOCK, left"),
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
    *(
        Mutation(file, old, new, "large_bytes", output, AVX2)
        for file, output, old, new in (
            ("qstrip.h", "l_strided", "row * (c.stride_h / qstrip_down(c))", "row"),
            ("qstrip.h", "l_dilated", "c.dilation_h / qstrip_down(c) *", "1 *"),
            ("qstrip.h", "l_grouped", "part.first_block += i", "part.first_block += 0"),
            ("qstrip.h", "l_small", "m + i * BLOCK", "m"),
            ("qstrip.h", "l_pointwise", "(size_t)pixels * qconv_cell(c)", "(size_t)qconv_cell(c)"),
            ("qstrip.h", "l_skipping", "row * strip.row + (size_t)first", "(size_t)first"),
            ("qstrip.h", "l_residual", "c.adds && i", "c.adds && 1 + i"),
            ("bytes_dot.h", "l_strided", "(words)(four << 8) >> 8;", "four << 8;"),
            ("qdepthwise_pairs.h", "l_depthwise", "column + c.dilation_w", "column + 1"),
            ("qdepthwise_pairs.h", "l_depthwise", "(int16_t)c.in_zero", "(int16_t)0"),
            ("qdepthwise_pairs.h", "l_depthwise", "pair * 2 * c.dilation_w", "pair * 2"),
            ("qdepthwise_pairs.h", "l_depthwise", "$0xd8", "$0xe4"),
            ("words.h", "l_depthwise", "vpmaddwd %3, %2, %1", "vpmaddwd %2, %2, %1"),
            ("bytes.h", "l_small", "{0, 4, 1, 5,", "{0, 1, 4, 5,"),
        )
    ),
    *(
        Mutation("qdepthwise_dot.h", old, new, "quantised", "q_depthwise", AVX512VNNI)
        for old, new in (
            ("c.in_zero ^ c.in_flip", "c.in_flip"),
            ("1 << 4 * first", "1 << first"),
            ("(row - first) * c.stride_h", "0"),
            ("p + four *", "four *"),
        )
    ),
    *_of("bytes_store.h", "quantised", ("q_rows", "sum + p * step", "sum")),
    *(
        Mutation(file, old, new, "quantised", output, AVX512VNNI)
        for file, output, old, new in (
            ("bytes_store.h", "q_pointwise", "(first + i / VECTORS) * step", "i / VECTORS * step"),
            ("bytes_wide.h", "q_pointwise", '"vpaddsw", low', '"vpsubsw", low'),
            ("bytes_wide.h", "q_sum", "0x1p23f + (float)zero", "0x1p23f"),
            ("bytes_wide.h", "q_sum", '"vpunpckhwd", wide[1], low', '"vpunpckhwd", wide[1], high'),
            ("qelements.h", "q_sum", "bytes_wide_load(y + i", "bytes_wide_load(y"),
            ("qconv.h", "q_residual", "other + (size_t)block * c.other_plane", "other"),
            ("qconv.h", "q_strided_sum", "(size_t)t.row * c.other_row", "0"),
            ("qconv.h", "q_skipping", "c.kernel_w == 1 && !qconv_in_place(c)", "c.kernel_w == 1"),
        )
    ),
    *_of("qback.h", "quantised", ("q_floats", "wide[v] - c.zero", "wide[v]")),
    *_of("bytes_dot.h", "quantised", ("q_pointwise", "odd ? four >> 8 :", "odd ? four :")),
    *_of("bytes_cell.h", "quantised", ("q_pointwise", "both & 0x00ff", "both >> 8")),
    *(
        Mutation(f"bytes_dot_{file}.h", old, new, "quantised", "q_small", variant, target)
        for file, old, new, variant, target in (
            ("avx", "vpmaddubsw %5, %2, %2", "vpmaddubsw %4, %2, %2", AVX2, "host"),
            ("arm", "sadalp %1.4s, v29.8h", "sadalp %1.4s, v28.8h", NEON64, "aarch64"),
        )
    ),
    *_of(
        "bytes.h",
        "quantised",
        ("q_cut", "vec_splat((float)c.high)", "vec_splat(255.0f)"),
        ("q_add", "+ c.zero;", ";"),
        (
            "q_depthwise",
            "wide[1] = (ivec)_mm_unpackhi_epi16(low",
            "wide[1] = (ivec)_mm_unpackhi_epi16(high",
        ),
    ),
    Mutation("bytes.h", "{0, 4, 8, ", "{0, 8, 4, ", "quantised", "q_pointwise", AVX512VNNI),
    Mutation("bytes.h", "^ bytes_splat(c.flip);", ";", "signed_bytes", "q_limited"),
    Mutation(
        "bytes_dot_avx.h", "*b, x, w[1]", "*b, x, w[0]", "quantised", "q_pointwise", AVX512VNNI
    ),
    *_of(
        "qelements.h",
        "quantised",
        ("q_add", "bytes_rounded(b[v] * q.by_right)", "bytes_rounded(b[v] * q.by_left)"),
        ("q_add", "!step ? bytes_splat(*x) :", ""),
        ("q_mul", "a[v] * b[v] : a[v]", "a[v] + b[v] : a[v]"),
    ),
    Mutation("qlookup.h", "table[from[i]]", "table[255 - from[i]]", "quantised", "q_table"),
    Mutation(
        "qlookup_vectors.h", "place -=", "place +=", "quantised", "q_table", NEON64, "aarch64"
    ),
    *(
        Mutation("qlookup_vectors.h", old, new, "quantised", "q_table", variant)
        for variant, old, new in (
            (AVX2, "<< (3 - bit)", "<< (2 - bit)"),
            (AVX512VNNI, "~two >> 5", "two >> 5"),
            (AVX512VNNI, "two << 8, words_of", "two, words_of"),
        )
    ),
    *(
        Mutation("qmatrix.h", old, new, "quantised", "q_pointwise", I8MM, "aarch64")
        for old, new in (
            ("g % 2 * 4", "0"),
            ("memset(four, 0, 4)", "memset(four, 1, 4)"),
            ("+ half * 4 * BLOCK", ""),
            ("apart + i / 2", "apart"),
            ("b + v * LANES", "b"),
            ("m + half * BLOCK / 2", "m"),
            ("vuzp2q_u16", "vuzp1q_u16"),
        )
    ),
    *_of(
        "dynamic.h",
        "dynamic",
        ("d_bytes", "quantise_divisor(255.0f)", "quantise_divisor(254.0f)"),
        ("d_bytes", "-least / quantise", "least / quantise"),
        ("d_bytes", "x + numbers.first, none)[0]", "x, none)[0]"),
    ),
    *_of(
        "qsums.h",
        "dynamic",
        ("d_rows", "(c.least - point) * weights[i]", "c.least * weights[i]"),
        ("d_strided", "out[i] = point", "out[i] = 0"),
        ("d_planes", "sums.outside = *given", "sums.outside = 0"),
        ("d_scaled", "inside && c.scales ?", "inside && !c.scales ?"),
    ),
    *_of(
        "qresize.h",
        "quantised",
        ("q_nearest_pixels", "rows[todo.inner]", "rows[0]"),
        ("q_nearest_pixels", "columns[i] * BLOCK", "columns[0] * BLOCK"),
    ),
    *_of(
        "qturn.h",
        "quantised",
        ("q_spread", "v[i + BLOCK / 2]", "v[i]"),
        ("q_spread", "* c.out_plane, v[i], count)", "* c.out_plane, v[0], count)"),
    ),
    *_of(
        "qpool.h",
        "quantised",
        ("q_max_pool", "qpool_larger(tap, largest)", "tap"),
        ("q_average_pool", "taps += right", "taps = right"),
        ("q_average_all", "if (c.count_include_pad)", "if (0)"),
        ("q_mean", "wide[v] - c.zero", "wide[v]"),
    ),
    *_of(
        "qblend.h",
        "quantised",
        ("q_linear", "* fraction)", "* (1.0f - fraction))"),
        ("q_linear", "a[v] - c.zero", "a[v]"),
        ("q_linear", "lower[v] * row.fraction", "upper[v] * row.fraction"),
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
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    model: onnx.ModelProto,
    node: str,
    variants: Sequence[Variant] = (BASELINE,),
    target: str = "host",
) -> None:
    """Check that the compiler refuses ``model``, names ``node``, and leaves nothing behind."""
    monkeypatch.setitem(targets.TARGETS, target, with_variants(target, *variants))
    path = folder / "model.onnx"
    onnx.save(model, path)
    with pytest.raises(CompileError) as caught:
        compile_model(path, folder / "model.edge", Options(target), lambda *_: None)
    assert re.search(rf"is wrong at node .*\b{node}\b.*: ", str(caught.value)), caught.value
    assert not list(folder.glob("*.edge*"))


def _skip_without_tools(target: str) -> None:
    tools = targets.get(target).platform.tools
    try:
        tools.find_compiler()
        tools.emulator()
    except CompileError as missing:
        pytest.skip(str(missing))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Plant as many errors as asked for in each kernel, for each instruction set."""
    if "mutation" not in metafunc.fixturenames:
        return
    kinds: dict[tuple[str, Variant], list[Mutation]] = {}
    for mutation in MUTATIONS:
        kinds.setdefault((mutation.file, mutation.variant), []).append(mutation)
    most = metafunc.config.getoption("errors")
    chosen = [mutation for kind in kinds.values() for mutation in kind[:most]]
    metafunc.parametrize("mutation", chosen, ids=str)


def test_an_error_in_a_kernel_is_found(
    mutation: Mutation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {path.name: path for path in HEADERS}
    text = headers[mutation.file].read_text()
    if mutation.target != "host":
        _skip_without_tools(mutation.target)
    elif not runs_here(mutation.variant):
        pytest.skip(f"this processor has no {mutation.variant.name}")
    headers[mutation.file] = tmp_path / mutation.file
    headers[mutation.file].write_text(text.replace(mutation.old, mutation.new))
    monkeypatch.setattr(part, "HEADERS", list(headers.values()))
    model = part_of(mutation.model, mutation.output)
    variants = (mutation.variant, *mutation.others)
    kind = variants, mutation.target
    _compile_with_error(monkeypatch, tmp_path, model, mutation.output, *kind)


def test_every_kernel_has_its_errors() -> None:
    texts = {path.name: path.read_text() for path in HEADERS}
    assert {mutation.file for mutation in MUTATIONS} == set(texts)
    gone = [str(mutation) for mutation in MUTATIONS if mutation.old not in texts[mutation.file]]
    assert not gone, "a kernel has changed: choose another error"


@pytest.mark.parametrize("position", [0.3, pytest.param(0.9, marks=pytest.mark.long)])
@pytest.mark.parametrize(
    ("model", "output"),
    [
        ("convolutions", "pointwise"),
        ("convolutions", "winograd"),
        ("convolutions", "strassen"),
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

/* conv_pairs.h - direct convolution that multiplies pairs of bfloat16: see pairs.h.
 *
 * A piece of work is a strip of rows. What it reads of the image is rounded and packed into scratch memory, where conv.h
 * multiplies it with group after group of output blocks, whose weights stay in a cache meanwhile. Pairs are two channels of a
 * pixel; or, of an image in planes that is read in steps of two, two neighbouring pixels of a plane.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_CONV_PAIRS_H
#define EDGE_CONV_PAIRS_H

#include "conv.h"

/* Weights as conv.h has them are lines of `lanes` vectors of an output block's channels, then some of `last_lanes`. */
typedef struct {
    int half, blocks;
    int lines, lanes, last_lines, last_lanes;
} conv_pairs_weights;

/* Make pairs of the weights: each line has half as many vectors then. */
INLINE void conv_pairs_prepare(const conv_pairs_weights c, const void *w, float *prepared, int part, int parts)
{
    const int pairs = (c.lanes + 1) / 2, last_pairs = (c.last_lanes + 1) / 2;
    const size_t block = (size_t)c.lines * c.lanes + (size_t)c.last_lines * c.last_lanes;
    const size_t block_pairs = (size_t)c.lines * pairs + (size_t)c.last_lines * last_pairs;
    pieces todo = work_share_in_order(c.blocks, c.lines + c.last_lines, part, parts);
    while (work_next_piece(&todo)) {
        const int whole = todo.inner < c.lines ? todo.inner : c.lines, rest = todo.inner - whole;
        const size_t from = todo.outer * block + (size_t)whole * c.lanes + (size_t)rest * c.last_lanes;
        const size_t to = todo.outer * block_pairs + (size_t)whole * pairs + (size_t)rest * last_pairs;
        const int lanes = todo.inner < c.lines ? c.lanes : c.last_lanes;
        for (int lane = 0; lane < lanes; lane += 2)
            UNROLLED_FOR (int v = 0; v < BLOCK; v += LANES) {
                const void *first = weights_at(w, (from + lane) * BLOCK + v, c.half);
                const vec second =
                    lane + 1 < lanes ? weights_load(weights_at(first, BLOCK, c.half), c.half) : vec_splat(0);
                vec_store(prepared + (to + lane / 2) * BLOCK + v, pairs_join(weights_load(first, c.half), second));
            }
    }
}

/* Make floats of the weights, for conv.h where there are no such products. */
INLINE void conv_pairs_widen(const conv_pairs_weights c, const void *w, float *prepared, int part, int parts)
{
    const int lines = c.lines * c.lanes + c.last_lines * c.last_lanes;
    pieces todo = work_share_in_order(c.blocks, lines, part, parts);
    while (work_next_piece(&todo)) {
        const ptrdiff_t at = ((ptrdiff_t)todo.outer * lines + todo.inner) * BLOCK;
        UNROLLED_FOR (int v = 0; v < BLOCK; v += LANES)
            vec_store(prepared + at + v, weights_load(weights_at(w, at + v, c.half), c.half));
    }
}

/* Rows or columns of the image from one that is packed to the next. */
INLINE int conv_pairs_apart(const int kernel, const int stride) { return kernel == 1 ? stride : 1; }

/* Round some floats of a line. Behind them there is a zero. */
INLINE void conv_pairs_line(const float *restrict x, const int count, float *restrict packed)
{
    for (int i = 0; i <= count; i += LANES) pairs_store(packed + i / 2, vec_load_some(x + i, count - i));
}

/* Pack `rows` rows of an image: [input block][row][column]. Each has `columns` that are read. */
INLINE void conv_pairs_pack(const conv c, const conv packed, const float *restrict x, const int rows, const int columns,
                            float *restrict patch)
{
    const int down = conv_pairs_apart(c.kernel_h, c.stride_h), right = conv_pairs_apart(c.kernel_w, c.stride_w);
    for (int block = 0; block < c.in_blocks; block++)
        for (int row = 0; row < rows; row++) {
            const float *from = x + (ptrdiff_t)block * c.in_plane + (ptrdiff_t)row * down * c.in_row;
            float *to = patch + (size_t)block * packed.in_plane + (size_t)row * packed.in_row;
            if (c.in_lanes == 1)
                conv_pairs_line(from, columns, to);
            else
                for (int i = 0; i < columns; i++, from += right * BLOCK, to += BLOCK / 2)
                    pairs_store_block(to, from, c.factor ? c.factor : 1.0f);
        }
}

/* Return the convolution of what is packed. */
INLINE conv conv_pairs_packed(const conv c, const int rows, const int columns)
{
    conv p = c;
    p.stride_w = c.in_lanes == 1 ? c.stride_w / 2 : c.stride_w / conv_pairs_apart(c.kernel_w, c.stride_w);
    p.kernel_w = c.in_lanes == 1 ? (c.kernel_w + 1) / 2 : c.kernel_w;
    p.in_lanes = (c.in_lanes + 1) / 2, p.last_lanes = (c.last_lanes + 1) / 2;
    p.in_row = c.in_lanes == 1 ? (columns + LANES) / LANES * LANES / 2 : columns * (BLOCK / 2);
    p.in_plane = rows * p.in_row;
    return p;
}

/* The layer. */
INLINE void conv_pairs_run(const conv c, const float *x, const void *w, const float *b, float *y, const float *r,
                           float *scratch, int part, int parts)
{
    assert(c.pairs && !c.half && !c.accumulate && !c.first_block && !c.first_result);
    assert(c.in_lanes == BLOCK || (c.in_lanes == 1 && c.stride_w % 2 == 0 && c.dilation_w == 1));
    const int width = c.wide_tiles * c.pixels + c.narrow_tiles * (c.pixels - 1);
    const int right = conv_pairs_apart(c.kernel_w, c.stride_w), down = conv_pairs_apart(c.kernel_h, c.stride_h);
    const int columns = ((width - 1) * c.stride_w + (c.kernel_w - 1) * c.dilation_w) / right + 1;
    const int reach = (c.kernel_h - 1) * c.dilation_h + 1;
    const conv packed = conv_pairs_packed(c, ((c.strip - 1) * c.stride_h + reach - 1) / down + 1, columns);
    const int groups = (c.out_blocks + c.blocks - 1) / c.blocks, strips = (c.out_h + c.strip - 1) / c.strip;
    pieces todo = work_share_in_order(c.splits, strips, part, parts);
    while (work_next_piece(&todo)) {
        const int first = todo.inner * c.strip, last = work_clamp(first + c.strip, 0, c.out_h);
        conv_pairs_pack(c, packed, x + (ptrdiff_t)first * c.stride_h * c.in_row,
                        ((last - first - 1) * c.stride_h + reach - 1) / down + 1, columns, scratch);
        const range some = work_share(groups, todo.outer, c.splits);
        for (int group = some.first; group < some.last; group++) {
            const int block = group * c.blocks;
            const void *ww = weights_at(w, (ptrdiff_t)block * c.block_weights, 0);
            const float *bb = b + block * BLOCK;
            for (int row = first; row < last; row++) {
                const float *xx = scratch + (ptrdiff_t)(row - first) * (c.stride_h / down) * packed.in_row;
                float *yy = y + (ptrdiff_t)block * c.out_plane + (ptrdiff_t)row * c.out_row;
                const float *rr =
                    c.has_residual ? r + (ptrdiff_t)block * c.residual_plane + (ptrdiff_t)row * c.residual_row : yy;
                if (c.rest && group == groups - 1)
                    conv_tiles(packed, c.rest, -1, xx, ww, bb, yy, rr);
                else
                    conv_tiles(packed, c.blocks, -1, xx, ww, bb, yy, rr);
            }
        }
    }
}

#endif

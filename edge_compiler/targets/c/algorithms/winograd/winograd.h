/* winograd.h - 3x3 convolution with stride 1 by Winograd's minimal filtering F(m x m, 3 x 3), m = 2 or 4.
 *
 * A tile of m x m results needs an (m+2) x (m+2) patch of the input. Patch and kernel are transformed, multiplied point by
 * point (a matrix product over the channels for each of the (m+2)^2 points), and transformed back: 2.25 (m = 2) or 4
 * (m = 4) times fewer products than the direct way. Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks",
 * 2015. Tiles are worked on in chunks whose transformed patches stay in the second-level cache.
 *
 * The library keeps the weights as for direct convolution; winograd_prepare() transforms them when an instance is made:
 * [output block][point][input channel][16 output channels]. Where these would not stay in a cache and one chunk covers the
 * image, they are transformed while the layer runs: reading the original ones takes a third of the time and no memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_WINOGRAD_H
#define EDGE_WINOGRAD_H

#include "conv.h"

typedef struct {
    int m;                /* results of a tile in each direction */
    int tiles_h, tiles_w; /* tiles that cover the image */
    int chunk_tiles;      /* tiles that are worked on together */
    int raw_weights;      /* weights are as conv.h has them, and are transformed when they are used */
    int half;             /* these are in float16 */
    int in_blocks, last_lanes, in_plane, in_row;
    int block_weights; /* of the transformed weights, see conv.h */
    int out_blocks, out_h, out_w, out_plane, out_row;
    int residual_plane, residual_row, has_residual;
    activation act;
    int pixels, blocks, rest, wide_tiles, narrow_tiles, prefetch; /* of the products, see conv.h */
} winograd;

enum {
    WINOGRAD_MAX = 6,
    WINOGRAD_SLICE =
        BLOCK * BLOCK + BLOCK /* floats from point to point of an input block's weights; were it a power of two,
                                              they would all fall on the same lines of the cache */
};

/* Arm's distances are constants, which its instructions have in them: there to count takes one more. */
#if LANE_PRODUCTS
#define WINOGRAD_COUNT_FROM(pointer) ((void)0)
#else
#define WINOGRAD_COUNT_FROM(pointer) COUNT_FROM(pointer)
#endif

/* B^T d, in one direction: m + 2 input elements to m + 2 points. */
INLINE void winograd_transform_in(const int m, const vec *d, vec *o)
{
    if (m == 2) {
        o[0] = d[0] - d[2];
        o[1] = d[1] + d[2];
        o[2] = d[2] - d[1];
        o[3] = d[1] - d[3];
    } else {
        const vec p = d[4] - 4.0f * d[2], q = d[3] - 4.0f * d[1], r = d[4] - d[2], s = 2.0f * (d[3] - d[1]);
        o[0] = 4.0f * d[0] + (d[4] - 5.0f * d[2]);
        o[1] = p + q;
        o[2] = p - q;
        o[3] = r + s;
        o[4] = r - s;
        o[5] = 4.0f * d[1] + (d[5] - 5.0f * d[3]);
    }
}

/* A^T d, in one direction: m + 2 points to m results. */
INLINE void winograd_transform_out(const int m, const vec *d, vec *o)
{
    if (m == 2) {
        o[0] = d[0] + d[1] + d[2];
        o[1] = d[1] - d[2] - d[3];
    } else {
        const vec p = d[1] + d[2], q = d[1] - d[2], r = d[3] + d[4], s = d[3] - d[4];
        o[0] = d[0] + p + r;
        o[1] = q + 2.0f * s;
        o[2] = p + 4.0f * r;
        o[3] = q + 8.0f * s + d[5];
    }
}

/* G d, in one direction: 3 weights to m + 2 points. */
INLINE void winograd_transform_kernel(const int m, const vec *d, vec *o)
{
    if (m == 2) {
        o[0] = d[0];
        o[1] = 0.5f * (d[0] + d[1] + d[2]);
        o[2] = 0.5f * (d[0] - d[1] + d[2]);
        o[3] = d[2];
    } else {
        const vec even = d[0] + d[2], wide = d[0] + 4.0f * d[2];
        o[0] = 0.25f * d[0];
        o[1] = (-1.0f / 6.0f) * (even + d[1]);
        o[2] = (-1.0f / 6.0f) * (even - d[1]);
        o[3] = (1.0f / 24.0f) * (wide + 2.0f * d[1]);
        o[4] = (1.0f / 24.0f) * (wide - 2.0f * d[1]);
        o[5] = d[2];
    }
}

/* Transform the kernel of one input channel for one output block. w: its 3 x 3 positions, `step` weights apart; points are
 * `stride` floats apart. */
INLINE void winograd_kernel(const int m, const int half_weights, const void *restrict w, const int step,
                            float *restrict points, const int stride)
{
    const int a = m + 2;
    for (int v = 0; v < BLOCK; v += LANES) {
        vec half[3][WINOGRAD_MAX]; /* [column][point] */
        UNROLLED_FOR (int x = 0; x < 3; x++) {
            vec d[3];
            UNROLLED_FOR (int y = 0; y < 3; y++)
                d[y] = weights_load(weights_at(w, (y * 3 + x) * step + v, half_weights), half_weights);
            winograd_transform_kernel(m, d, half[x]);
        }
        UNROLLED_FOR (int y = 0; y < a; y++) {
            vec d[3], o[WINOGRAD_MAX];
            UNROLLED_FOR (int x = 0; x < 3; x++) d[x] = half[x][y];
            winograd_transform_kernel(m, d, o);
            UNROLLED_FOR (int x = 0; x < a; x++) vec_store(points + (y * a + x) * stride + v, o[x]);
        }
    }
}

typedef struct {
    int m, half, channels, blocks; /* half: they are in float16 */
} winograd_kernels;

/* Transform the weights, packed as conv.h says. */
INLINE void winograd_prepare(const winograd_kernels c, const void *w, float *prepared, int part, int parts)
{
    const int points = (c.m + 2) * (c.m + 2);
    pieces todo = work_share_in_order(c.blocks, c.channels, part, parts);
    while (work_next_piece(&todo)) {
        const int block = todo.outer, channel = todo.inner, first = channel / BLOCK * BLOCK;
        const int lanes = c.channels - first < BLOCK ? c.channels - first : BLOCK; /* of this input block */
        const ptrdiff_t at = ((ptrdiff_t)block * c.channels + first) * 9 * BLOCK + (channel - first) * BLOCK;
        winograd_kernel(c.m, c.half, weights_at(w, at, c.half), lanes * BLOCK,
                        prepared + ((size_t)block * points * c.channels + channel) * BLOCK, c.channels * BLOCK);
    }
}

/* Transform one patch of one input block. x: its first pixel; points are `stride` floats apart. */
INLINE void winograd_patch(const winograd c, const float *restrict x, float *restrict points, const int stride)
{
    const int a = c.m + 2;
    for (int v = 0; v < BLOCK; v += LANES) {
        vec half[WINOGRAD_MAX][WINOGRAD_MAX]; /* transformed along the columns: [column][point] */
        const float *from = x + v;
        float *to = points + v;
        UNROLLED_FOR (int j = 0; j < a; j++) {
            vec d[WINOGRAD_MAX];
            UNROLLED_FOR (int i = 0; i < a; i++) d[i] = vec_load(from + i * c.in_row);
            winograd_transform_in(c.m, d, half[j]);
            from += BLOCK;
            WINOGRAD_COUNT_FROM(from);
        }
        UNROLLED_FOR (int i = 0; i < a; i++) {
            vec d[WINOGRAD_MAX], o[WINOGRAD_MAX];
            UNROLLED_FOR (int j = 0; j < a; j++) d[j] = half[j][i];
            winograd_transform_in(c.m, d, o);
            UNROLLED_FOR (int j = 0; j < a; j++) vec_store(to + j * stride, o[j]);
            to += a * stride;
            WINOGRAD_COUNT_FROM(to);
        }
    }
}

/* Transform the points of one tile of one output block back and store the results that lie inside the image. */
INLINE void winograd_results(const winograd c, const float *restrict points, const int stride, const float *restrict b,
                             float *restrict y, const float *restrict r, const int rows, const int columns)
{
    const int a = c.m + 2;
    for (int v = 0; v < BLOCK; v += LANES) {
        vec half[WINOGRAD_MAX][WINOGRAD_MAX]; /* [column of points][result row] */
        const vec bias = vec_load(b + v);
        const float *from = points + v;
        UNROLLED_FOR (int j = 0; j < a; j++) {
            vec d[WINOGRAD_MAX];
            UNROLLED_FOR (int i = 0; i < a; i++) d[i] = vec_load(from + i * a * stride);
            winograd_transform_out(c.m, d, half[j]);
            from += stride;
            WINOGRAD_COUNT_FROM(from);
        }
        UNROLLED_FOR (int i = 0; i < c.m; i++) {
            vec d[WINOGRAD_MAX], o[WINOGRAD_MAX];
            UNROLLED_FOR (int j = 0; j < a; j++) d[j] = half[j][i];
            winograd_transform_out(c.m, d, o);
            if (i >= rows)
                continue;
            UNROLLED_FOR (int j = 0; j < c.m; j++) {
                if (j >= columns)
                    continue;
                vec result = o[j] + bias;
                if (c.has_residual)
                    result += vec_load(r + i * c.residual_row + j * BLOCK + v);
                vec_store(y + i * c.out_row + j * BLOCK + v,
                          activation_is_long(c.act) ? result : activation_apply(c.act, result));
            }
        }
    }
    if (activation_is_long(c.act))
        for (int i = 0; i < rows; i++) activation_apply_line(c.act, y + i * c.out_row, columns * BLOCK);
}

INLINE int winograd_chunks(const winograd c) { return (c.tiles_h * c.tiles_w + c.chunk_tiles - 1) / c.chunk_tiles; }

/* Transform the patches: [chunk][point][input block][tile][16 channels]. */
INLINE void winograd_points_run(const winograd c, const float *x, float *points, int part, int parts)
{
    const int tiles = c.tiles_h * c.tiles_w, patches = c.in_blocks * c.chunk_tiles, a = c.m + 2;
    const range todo = work_share(winograd_chunks(c) * patches, part, parts);
    for (int i = todo.first; i < todo.last; i++) {
        const int chunk = i / patches, patch = i % patches, block = patch / c.chunk_tiles;
        /* the last chunk is filled up with its last tile, so that the products have one shape */
        const int t = work_clamp(chunk * c.chunk_tiles + patch % c.chunk_tiles, 0, tiles - 1);
        winograd_patch(c, x + (size_t)block * c.in_plane + t / c.tiles_w * c.m * c.in_row + t % c.tiles_w * c.m * BLOCK,
                       points + ((size_t)chunk * a * a * patches + patch) * BLOCK, patches * BLOCK);
    }
}

/* Transform the products of a chunk with `blocks` output blocks back. */
INLINE void winograd_chunk_out(const winograd c, const float *points, const int stride, const float *b, float *y,
                               const float *r, const int chunk, const int first, const int blocks)
{
    const int tiles = c.tiles_h * c.tiles_w;
    for (int block = 0; block < blocks; block++)
        for (int i = 0; i < c.chunk_tiles && chunk * c.chunk_tiles + i < tiles; i++) {
            const int t = chunk * c.chunk_tiles + i, row = t / c.tiles_w * c.m, column = t % c.tiles_w * c.m;
            const float *from = points + (block * c.chunk_tiles + i) * BLOCK, *bias = b + (first + block) * BLOCK;
            float *to = y + (size_t)(first + block) * c.out_plane + row * c.out_row + column * BLOCK;
            const float *residual =
                c.has_residual ? r + (size_t)(first + block) * c.residual_plane + row * c.residual_row + column * BLOCK
                               : to;
            const int rows = work_clamp(c.out_h - row, 0, c.m), columns = work_clamp(c.out_w - column, 0, c.m);
            if (rows == c.m && columns == c.m)
                winograd_results(c, from, stride, bias, to, residual, c.m, c.m);
            else
                winograd_results(c, from, stride, bias, to, residual, rows, columns);
        }
}

/* Multiply the points of a chunk with weights as conv.h has them, of one output block: those of one input block at a time
 * are transformed into `slice` and used from the cache, while the next ones are fetched. */
INLINE void winograd_raw_products(const winograd c, conv product, const float *x, const int x_stride, const void *w,
                                  float *slice, float *y, const int y_stride)
{
    const int points = (c.m + 2) * (c.m + 2);
    product.in_blocks = 1;
    for (int i = 0; i < c.in_blocks; i++) {
        const int lanes = i < c.in_blocks - 1 ? BLOCK : c.last_lanes;
        for (int lane = 0; lane < lanes; lane++)
            winograd_kernel(c.m, c.half, weights_at(w, lane * BLOCK, c.half), lanes * BLOCK, slice + lane * BLOCK,
                            WINOGRAD_SLICE);
        product.last_lanes = c.last_lanes == BLOCK ? BLOCK : lanes;
        product.accumulate = i > 0;
        for (int point = 0; point < points; point++) {
            const range ahead = work_share(9 * BLOCK, point, points);
            for (int line = ahead.first; line < ahead.last; line++)
                __builtin_prefetch(weights_at(w, (9 * BLOCK + line) * BLOCK, c.half), 0, 2);
            float *to = y + point * y_stride;
            conv_tiles(product, 1, -1, x + point * x_stride, slice + point * WINOGRAD_SLICE, 0, to, to);
        }
        x += product.in_plane, w = weights_at(w, 9 * BLOCK * BLOCK, c.half);
    }
}

/* Multiply the points of a chunk with the weights of `blocks` output blocks. */
INLINE void winograd_products(const winograd c, const int blocks, const int first, const float *points, const void *w,
                              float *scratch)
{
    const int count = (c.m + 2) * (c.m + 2), channels = (c.in_blocks - 1) * BLOCK + c.last_lanes;
    const int in_stride = c.in_blocks * c.chunk_tiles * BLOCK, out_stride = c.blocks * c.chunk_tiles * BLOCK;
    const conv product = {
        .in_blocks = c.in_blocks,
        .in_lanes = BLOCK,
        .last_lanes = c.last_lanes,
        .in_plane = c.chunk_tiles * BLOCK,
        .kernel_h = 1,
        .kernel_w = 1,
        .stride_h = 1,
        .stride_w = 1,
        .out_plane = c.chunk_tiles * BLOCK,
        .out_pixel = BLOCK,
        .pixels = c.pixels,
        .blocks = c.blocks,
        .wide_tiles = c.wide_tiles,
        .narrow_tiles = c.narrow_tiles,
        .block_weights = c.block_weights,
        .prefetch = c.prefetch,
    };
    if (c.raw_weights)
        winograd_raw_products(c, product, points, in_stride,
                              weights_at(w, (ptrdiff_t)first * channels * 9 * BLOCK, c.half),
                              scratch + count * out_stride, scratch, out_stride);
    else
        for (int point = 0; point < count; point++) {
            float *to = scratch + point * out_stride;
            conv_tiles(product, blocks, -1, points + point * in_stride,
                       (const float *)w + (size_t)first * c.block_weights + point * channels * BLOCK, 0, to, to);
        }
}

/* The layer, given the points: a piece of work is a group of output blocks of a chunk. */
INLINE void winograd_run(const winograd c, const float *points, const void *w, const float *b, float *y, const float *r,
                         float *scratch, int part, int parts)
{
    assert(c.m == 2 || c.m == 4);
    assert(c.raw_weights || !c.half);
    assert(c.wide_tiles * c.pixels + c.narrow_tiles * (c.pixels - 1) == c.chunk_tiles);
    assert(c.rest == c.out_blocks % c.blocks);
    const int groups = (c.out_blocks + c.blocks - 1) / c.blocks, chunks = winograd_chunks(c);
    assert(!c.raw_weights || (c.blocks == 1 && chunks == 1));
    const size_t chunk_points = (size_t)(c.m + 2) * (c.m + 2) * c.in_blocks * c.chunk_tiles * BLOCK;
    pieces todo = work_share_rows(groups, chunks, part, parts);
    while (work_next_piece(&todo)) {
        const int chunk = todo.inner, first = todo.outer * c.blocks;
        const int blocks = c.rest && todo.outer == groups - 1 ? c.rest : c.blocks;
        const float *from = points + chunk * chunk_points;
        if (blocks == c.blocks)
            winograd_products(c, c.blocks, first, from, w, scratch);
        else
            winograd_products(c, c.rest, first, from, w, scratch);
        winograd_chunk_out(c, scratch, c.blocks * c.chunk_tiles * BLOCK, b, y, r, chunk, first, blocks);
    }
}

#endif

/* winograd.h - 3x3 convolution with stride 1 by Winograd's minimal filtering F(m x m, 3 x 3), m = 2 or 4.
 *
 * A tile of m x m results needs an (m+2) x (m+2) patch of the input. Patch and kernel are transformed, multiplied point by
 * point (a matrix product over the channels for each of the (m+2)^2 points), and transformed back: 2.25 (m = 2) or 4
 * (m = 4) times fewer products than the direct way. Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks",
 * 2015. Tiles are worked on in chunks whose transformed patches stay in the second-level cache.
 *
 * The library keeps the weights as for direct convolution; winograd_weights_prepare() transforms them when an instance is made:
 * [output block][point][input channel][16 output channels]. Where these would not stay in a cache and one chunk covers the
 * image, they are transformed while the layer runs: reading the original ones takes a third of the time and no memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_WINOGRAD_H
#define EDGE_WINOGRAD_H

#include "conv.h"
#include "winograd_weights.h"

typedef struct {
    int m;                /* results of a tile in each direction */
    int tiles_h, tiles_w; /* tiles that cover the image */
    int chunk_tiles;      /* tiles that are worked on together */
    int raw_weights;      /* weights are as conv.h has them, and are transformed when they are used */
    int half;             /* these are in float16 */
    int pairs;            /* points are rounded to 16 bits, and multiplied as pairs: pairs.h */
    float factor;         /* of patches, see conv.h */
    int in_blocks, last_lanes, in_plane, in_row;
    int block_weights; /* of the transformed weights, see conv.h */
    int out_blocks, out_h, out_w, out_plane, out_row;
    int residual_plane, residual_row, has_residual;
    activation act;
    int pixels, blocks, rest, wide_tiles, narrow_tiles, prefetch; /* of the products, see conv.h */
} winograd;

/* Floats from point to point of an input block's weights; were it a power of two, they would all fall on the same lines of the
 * cache. */
enum { WINOGRAD_SLICE = BLOCK * BLOCK + BLOCK };

/* Arm's distances are constants, which its instructions have in them: there to count takes one more. */
#if LANE_PRODUCTS
#define WINOGRAD_COUNT_FROM(pointer) ((void)0)
#else
#define WINOGRAD_COUNT_FROM(pointer) COUNT_FROM(pointer)
#endif

/* Transform one patch of one input block. x: its first pixel; points are `stride` floats apart. */
INLINE void winograd_patch(const winograd c, const float *restrict x, float *restrict points, const int stride)
{
    const int a = c.m + 2;
    for (int v = 0; v < BLOCK; v += LANES) {
        vec half[WINOGRAD_MAX][WINOGRAD_MAX]; /* transformed along the columns: [column][point] */
        const float *from = x + v;
        float *to = points + winograd_weights_lanes(c.pairs, v);
        UNROLLED_FOR (int j = 0; j < a; j++) {
            vec d[WINOGRAD_MAX];
            UNROLLED_FOR (int i = 0; i < a; i++) {
                d[i] = vec_load(from + i * c.in_row);
                if (c.factor)
                    d[i] *= c.factor;
            }
            winograd_transform_in(c.m, winograd_transform_distance(c.pairs), d, half[j]);
            from += BLOCK;
            WINOGRAD_COUNT_FROM(from);
        }
        UNROLLED_FOR (int i = 0; i < a; i++) {
            vec d[WINOGRAD_MAX], o[WINOGRAD_MAX];
            UNROLLED_FOR (int j = 0; j < a; j++) d[j] = half[j][i];
            winograd_transform_in(c.m, winograd_transform_distance(c.pairs), d, o);
            UNROLLED_FOR (int j = 0; j < a; j++)
                if (c.pairs)
                    pairs_store(to + j * stride, o[j]);
                else
                    vec_store(to + j * stride, o[j]);
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
            winograd_transform_out(c.m, winograd_transform_distance(c.pairs), d, half[j]);
            from += stride;
            WINOGRAD_COUNT_FROM(from);
        }
        UNROLLED_FOR (int i = 0; i < c.m; i++) {
            vec d[WINOGRAD_MAX], o[WINOGRAD_MAX];
            UNROLLED_FOR (int j = 0; j < a; j++) d[j] = half[j][i];
            winograd_transform_out(c.m, winograd_transform_distance(c.pairs), d, o);
            if (i >= rows)
                continue;
            UNROLLED_FOR (int j = 0; j < c.m; j++) {
                if (j >= columns)
                    continue;
                vec result = c.factor ? o[j] * (1.0f / c.factor) + bias : o[j] + bias;
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

/* Transform the patches: [chunk][point][input block][tile][lanes]. */
INLINE void winograd_points_run(const winograd c, const float *x, float *points, int part, int parts)
{
    const int tiles = c.tiles_h * c.tiles_w, patches = c.in_blocks * c.chunk_tiles, a = c.m + 2;
    const int lanes = winograd_weights_lanes(c.pairs, BLOCK);
    const range todo = work_share(winograd_chunks(c) * patches, part, parts);
    for (int i = todo.first; i < todo.last; i++) {
        const int chunk = i / patches, patch = i % patches, block = patch / c.chunk_tiles;
        /* the last chunk is filled up with its last tile, so that the products have one shape */
        const int t = work_clamp(chunk * c.chunk_tiles + patch % c.chunk_tiles, 0, tiles - 1);
        winograd_patch(c, x + (size_t)block * c.in_plane + t / c.tiles_w * c.m * c.in_row + t % c.tiles_w * c.m * BLOCK,
                       points + ((size_t)chunk * a * a * patches + patch) * lanes, patches * lanes);
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
        const int channels = i < c.in_blocks - 1 ? BLOCK : c.last_lanes;
        winograd_weights_block(c.m, c.pairs, c.half, w, channels, slice, WINOGRAD_SLICE);
        product.last_lanes = winograd_weights_lanes(c.pairs, c.last_lanes == BLOCK ? BLOCK : channels);
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
    const int in_lanes = winograd_weights_lanes(c.pairs, BLOCK), all_lanes = winograd_weights_lanes(c.pairs, channels);
    const int in_stride = c.in_blocks * c.chunk_tiles * in_lanes, out_stride = c.blocks * c.chunk_tiles * BLOCK;
    const conv product = {
        .in_blocks = c.in_blocks,
        .in_lanes = in_lanes,
        .last_lanes = winograd_weights_lanes(c.pairs, c.last_lanes),
        .in_plane = c.chunk_tiles * in_lanes,
        .pairs = c.pairs,
        .half_blocks = 1,
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
                       (const float *)w + (size_t)first * c.block_weights + point * all_lanes * BLOCK, 0, to, to);
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
    const size_t chunk_points =
        (size_t)(c.m + 2) * (c.m + 2) * c.in_blocks * c.chunk_tiles * winograd_weights_lanes(c.pairs, BLOCK);
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

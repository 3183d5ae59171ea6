/* conv.h - direct convolution on register tiles.
 *
 * A tile is `pixels` neighbouring output pixels of a row times `blocks` blocks of output channels, all held in registers
 * while the sum runs over input channels and kernel positions: each weight vector is loaded once a tile and multiplied by
 * `pixels` broadcast input elements. Tile, window and activation are constants where conv_run() is inlined, so that the
 * innermost loops become straight code; sizes and distances may be known only when it runs.
 *
 * Weights, see weights.h: [output block][input block][kernel row][kernel column][input lane][16 output channels].
 * Where input and weights are pairs of 16 bits (pairs.h), each of them counts as a float here, and two channels as one lane.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_CONV_H
#define EDGE_CONV_H

#include "activation.h"
#include "halves.h"
#include "pairs.h"
#include "weights.h"
#include "work.h"

typedef enum { CHANNELS_OUTER, ROWS_OUTER } conv_order;

typedef struct {
    int in_blocks, in_lanes, last_lanes; /* blocks of in_lanes channels, the last one has last_lanes */
    int in_plane, in_row;                /* floats between input blocks and rows */
    int chunk;                           /* input blocks that are summed up apart; 0: all in one sum */
    int kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w;
    int block_weights;   /* from one output block's weights to the next */
    int prefetch;        /* weights by which they are fetched ahead; 0: the processor does it */
    weights_ahead ahead; /* of the next group of blocks: a turn for each tile, a step for each input block */
    int half;            /* weights are in float16 */
    int pairs;           /* input and weights are pairs of 16 bits */
    int half_blocks;     /* input blocks whose products are added up together, if they are of float16 */
    float factor; /* what is packed as pairs is multiplied by this power of two, and results divided by it; 0: by 1 */
    int out_blocks, out_h, out_plane, out_row;
    int out_pixel; /* floats from one pixel of the result to the next: BLOCK, or more where others lie between them */
    int residual_plane, residual_row;
    int has_residual; /* y = act(conv + residual) */
    int accumulate;   /* add to what y holds, which is no final result yet; there is no bias */
    activation act;
    int pixels, blocks;           /* the tile */
    int rest;                     /* blocks of the last group, if fewer; else 0 */
    int wide_tiles, narrow_tiles; /* a row: so many tiles of `pixels`, then so many of `pixels - 1` */
    conv_order order;             /* which loop goes around the other: what is re-read from cache */
    int strip, splits; /* of conv_pairs.h: rows that are packed together, pieces of work that divide the groups */
    int share_rows;    /* threads divide the rows, not the channels: weights are few beside the input */
    const uint16_t *first_block; /* grouped convolution: first input block of each output block, or NULL */
    const int32_t *first_result; /* where the results of each output block begin, if not a plane apart; or NULL */
} conv;

enum { CONV_MAX_TILE = 32 };

#if LANE_PRODUCTS

/* Load a channel's weights; return those of the next channel. */
INLINE const void *conv_weights(const conv c, const int blocks, const void *restrict w, vec *weight)
{
    UNROLLED_FOR (int b = 1; b < blocks; b++)
        weights_load_block(weights_at(w, b * c.block_weights, c.half), weight + b * VECTORS, c.half);
    return weights_load_block(w, weight, c.half);
}

/* Accumulate `lanes` input channels at one kernel position; return the next weights. */
INLINE const void *conv_lanes(const conv c, const int pixels, const int blocks, const int lanes, vec *sum,
                              const float *restrict x, const void *restrict w)
{
    const int vectors = blocks * VECTORS, stride = c.stride_w * c.in_lanes;
    UNROLLED_FOR (int first = 0; first < lanes; first += LANES) {
        const int count = lanes - first < LANES ? lanes - first : LANES;
        vec input[CONV_MAX_TILE];
        UNROLLED_FOR (int p = 0; p < pixels; p++)
            input[p] = c.in_lanes < LANES ? (vec){x[p * stride]} : vec_load(x + p * stride + first);
        UNROLLED_FOR (int lane = 0; lane < count; lane++) {
            vec weight[CONV_MAX_TILE];
            w = conv_weights(c, blocks, w, weight);
            UNROLLED_FOR (int p = 0; p < pixels; p++)
                UNROLLED_FOR (int v = 0; v < vectors; v++)
                    sum[p * vectors + v] = vec_add_lane_product(sum[p * vectors + v], weight[v], input[p], lane);
        }
    }
    return w;
}

#if HALF_PRODUCTS

/* Multiply pairs of float16, `lanes` of them at one kernel position, and add the products up in float16: to others, or the
 * first of them to nothing. */
INLINE const void *conv_half_lanes(const conv c, const int pixels, const int blocks, const int lanes, const int add,
                                   halves *part, const float *restrict x, const void *restrict w)
{
    const int vectors = blocks * HALF_VECTORS, stride = c.stride_w * c.in_lanes;
    halves input[CONV_MAX_TILE];
    UNROLLED_FOR (int pair = 0; pair < lanes; pair++) {
        if (pair % LANES == 0)
            UNROLLED_FOR (int p = 0; p < pixels; p++) input[p] = halves_load(x + p * stride + pair);
        halves weight[CONV_MAX_TILE];
        UNROLLED_FOR (int b = 0; b < blocks; b++)
            halves_load_two(weights_at(w, b * c.block_weights, 0), weight + b * 2 * HALF_VECTORS);
        w = weights_at(w, BLOCK, 0);
        COUNT_FROM(w);
        UNROLLED_FOR (int i = 0; i < 2 * pixels * vectors; i++) {
            const int lane = i / vectors / pixels, p = i / vectors % pixels, v = i % vectors;
            const halves a = weight[v + (v / HALF_VECTORS + lane) * HALF_VECTORS];
            halves *to = part + p * vectors + v;
            *to = add || pair || lane ? halves_add_lane_product(*to, a, input[p], 2 * pair % HALF_LANES + lane)
                                      : halves_lane_product(a, input[p], 0);
        }
    }
    return w;
}

/* Accumulate some input blocks at one kernel position: all products of a pixel's channels here are added up in float16. */
INLINE const void *conv_half_sums(const conv c, const int pixels, const int blocks, const int lanes,
                                  const int in_blocks, vec *sum, const float *restrict x, const void *restrict w)
{
    halves part[CONV_MAX_TILE];
    w = conv_half_lanes(c, pixels, blocks, lanes, 0, part, x, w);
    ROLLED_FOR (int i = 1; i < in_blocks; i++)
        w = conv_half_lanes(c, pixels, blocks, lanes, 1, part, x + i * c.in_plane, w);
    UNROLLED_FOR (int i = 0; i < pixels * blocks * HALF_VECTORS; i++) halves_add(sum + 2 * i, part[i]);
    return w;
}

/* Accumulate the input blocks from `first` to `last`. */
INLINE const void *conv_half_blocks(const conv c, const int pixels, const int blocks, const int lanes, const int first,
                                    const int last, vec *sum, const float *restrict x, const void *restrict w)
{
    for (int i = first; i < last; i += c.half_blocks) {
        const int in_blocks = last - i < c.half_blocks ? last - i : c.half_blocks;
        for (int ky = 0; ky < c.kernel_h; ky++)
            for (int kx = 0; kx < c.kernel_w; kx++) {
                const ptrdiff_t place = ky * c.dilation_h * c.in_row + kx * c.dilation_w * c.in_lanes;
                w = conv_half_sums(c, pixels, blocks, lanes, in_blocks, sum, x + i * c.in_plane + place, w);
            }
    }
    return w;
}

#endif

/* How many neighbouring floats of a plane a tile multiplies with one row of the kernel. */
INLINE int conv_row_floats(const conv c, const int pixels)
{
    return (pixels - 1) * c.stride_w + (c.kernel_w - 1) * c.dilation_w + 1;
}

/* Do they fit into the registers that a tile has for its input? */
INLINE int conv_has_rows(const conv c, const int pixels)
{
    const int floats = conv_row_floats(c, pixels);
    return c.in_lanes == 1 && floats >= LANES && floats <= pixels * LANES;
}

/* Accumulate one row of the kernel over a plane; return the next weights. */
INLINE const void *conv_row(const conv c, const int pixels, const int blocks, vec *sum, const float *restrict x,
                            const void *restrict w)
{
    const int vectors = blocks * VECTORS, floats = conv_row_floats(c, pixels), whole = (floats - 1) / LANES;
    vec input[CONV_MAX_TILE];
    UNROLLED_FOR (int i = 0; i < whole; i++) input[i] = vec_load_unaligned(x + i * LANES);
    input[whole] = vec_load_unaligned(x + floats - LANES); /* reads nothing that lies behind the plane */
    UNROLLED_FOR (int kx = 0; kx < c.kernel_w; kx++) {
        vec weight[CONV_MAX_TILE];
        w = conv_weights(c, blocks, w, weight);
        UNROLLED_FOR (int p = 0; p < pixels; p++) {
            const int at = p * c.stride_w + kx * c.dilation_w, vector = at / LANES;
            const int lane = vector < whole ? at % LANES : at - (floats - LANES);
            UNROLLED_FOR (int v = 0; v < vectors; v++)
                sum[p * vectors + v] = vec_add_lane_product(sum[p * vectors + v], weight[v], input[vector], lane);
        }
    }
    return w;
}

#else

/* The same, channel by channel: each input element is broadcast. Two channels a round would need more registers than GCC has
 * for tiles that fill them. */
INLINE const void *conv_lanes(const conv c, const int pixels, const int blocks, const int lanes, vec *sum,
                              const float *restrict x, const void *restrict w)
{
    const int vectors = blocks * VECTORS, stride = c.stride_w * c.in_lanes;
    ROLLED_FOR (int lane = 0; lane < lanes; lane++, w = weights_at(w, BLOCK, c.half), x++) {
        vec weight[CONV_MAX_TILE];
        UNROLLED_FOR (int v = 0; v < vectors; v++)
            weight[v] =
                weights_load(weights_at(w, v / VECTORS * c.block_weights + v % VECTORS * LANES, c.half), c.half);
        if (c.prefetch)
            UNROLLED_FOR (int b = 0; b < blocks; b++)
                __builtin_prefetch(weights_at(w, b * c.block_weights + c.prefetch, c.half), 0, 3);
        UNROLLED_FOR (int p = 0; p < pixels; p++)
            UNROLLED_FOR (int v = 0; v < vectors; v++)
                if (c.pairs)
                    sum[p * vectors + v] = pairs_add_products(sum[p * vectors + v], weight[v], x + p * stride);
                else
                    sum[p * vectors + v] += weight[v] * x[p * stride];
    }
    return w;
}

#endif

/* Accumulate the input blocks from `first` to `last`, which have `lanes` channels each; return the next weights. Where
 * code for channels is a loop, it serves the last block too, which may have fewer. */
INLINE const void *conv_blocks(const conv c, const int pixels, const int blocks, const int most_lanes, const int first,
                               const int last, vec *sum, const float *restrict x, const void *restrict w)
{
#if HALF_PRODUCTS
    if (c.pairs)
        return conv_half_blocks(c, pixels, blocks, most_lanes, first, last, sum, x, w);
#endif
    for (int i = first; i < last; i++) {
        weights_fetch(c.ahead, i);
        const int lanes = !LANE_PRODUCTS && i == c.in_blocks - 1 ? c.last_lanes : most_lanes;
        for (int ky = 0; ky < c.kernel_h; ky++) {
            const float *row = x + i * c.in_plane + ky * c.dilation_h * c.in_row;
#if LANE_PRODUCTS
            if (conv_has_rows(c, pixels)) {
                w = conv_row(c, pixels, blocks, sum, row, w);
                continue;
            }
#endif
            for (int kx = 0; kx < c.kernel_w; kx++) {
                const float *pixel = row + kx * c.dilation_w * c.in_lanes;
                w = conv_lanes(c, pixels, blocks, lanes, sum, pixel, w);
            }
        }
    }
    return w;
}

/* One tile. x: the input pixel under the kernel's first position; b: bias or NULL; r: residual. */
INLINE void conv_tile(const conv c, const int pixels, const int blocks, const float *restrict x, const void *restrict w,
                      const float *restrict b, float *restrict y, const float *restrict r)
{
    const int vectors = blocks * VECTORS, count = pixels * vectors;
    vec sum[CONV_MAX_TILE];
    if (c.accumulate)
        UNROLLED_FOR (int i = 0; i < count; i++)
            sum[i] =
                vec_load(y + i % vectors / VECTORS * c.out_plane + i % VECTORS * LANES + i / vectors * c.out_pixel);
    else if (b) {
        LOAD_AGAIN(b);
        UNROLLED_FOR (int i = 0; i < count; i++) sum[i] = vec_load(b + i % vectors * LANES);
    } else
        UNROLLED_FOR (int i = 0; i < count; i++) sum[i] = vec_splat(0.0f);

    const int apart = LANE_PRODUCTS && c.last_lanes != c.in_lanes, whole = c.in_blocks - apart;
    if (c.chunk) { /* a long sum is added up in chunks, so that its rounding error stays small */
        vec total[CONV_MAX_TILE];
        UNROLLED_FOR (int i = 0; i < count; i++) total[i] = sum[i];
        for (int first = 0; first < whole; first += c.chunk) {
            const int last = first + c.chunk < whole ? first + c.chunk : whole;
            IN_MEMORY(total);
            UNROLLED_FOR (int i = 0; i < count; i++) sum[i] = vec_splat(0.0f);
            w = conv_blocks(c, pixels, blocks, c.in_lanes, first, last, sum, x, w);
            UNROLLED_FOR (int i = 0; i < count; i++) total[i] += sum[i];
        }
        UNROLLED_FOR (int i = 0; i < count; i++) sum[i] = total[i];
    } else
        w = conv_blocks(c, pixels, blocks, c.in_lanes, 0, whole, sum, x, w);
    if (apart)
        conv_blocks(c, pixels, blocks, c.last_lanes, whole, c.in_blocks, sum, x, w);

    const int later = activation_is_long(c.act);
    UNROLLED_FOR (int p = 0; p < pixels; p++)
        UNROLLED_FOR (int v = 0; v < vectors; v++) {
            vec result = c.factor ? sum[p * vectors + v] * (1.0f / c.factor) : sum[p * vectors + v];
            if (c.has_residual)
                result += vec_load(r + v / VECTORS * c.residual_plane + v % VECTORS * LANES + p * BLOCK);
            vec_store(y + v / VECTORS * c.out_plane + v % VECTORS * LANES + p * c.out_pixel,
                      later ? result : activation_apply(c.act, result));
        }
    if (later)
        for (int block = 0; block < blocks; block++)
            activation_apply_pixels(c.act, y + block * c.out_plane, pixels, c.out_pixel);
}

/* One row of tiles for `blocks` output blocks, or a single tile of it if `tile` >= 0. */
INLINE void conv_tiles(conv c, const int blocks, const int tile, const float *x, const void *w, const float *b,
                       float *y, const float *r)
{
    const int step = c.stride_w * c.in_lanes;
    const int first = tile < 0 ? 0 : tile, last = tile < 0 ? c.wide_tiles + c.narrow_tiles : tile + 1;
    int t = first;
    for (; t < last && t < c.wide_tiles; t++, c.ahead = weights_ahead_next_turn(c.ahead)) {
        const int column = t * c.pixels;
        conv_tile(c, c.pixels, blocks, x + column * step, w, b, y + column * c.out_pixel, r + column * BLOCK);
    }
    if (c.pixels > 1 && c.narrow_tiles)
        for (; t < last; t++, c.ahead = weights_ahead_next_turn(c.ahead)) {
            const int column = c.wide_tiles * c.pixels + (t - c.wide_tiles) * (c.pixels - 1);
            conv_tile(c, c.pixels - 1, blocks, x + column * step, w, b, y + column * c.out_pixel, r + column * BLOCK);
        }
}

/* The layer. A piece of work is a row of tiles, or one tile where the plane is a single row, for a group of blocks. */
INLINE void conv_run(conv c, const float *x, const void *w, const float *b, float *y, const float *r, int part,
                     int parts)
{
    assert(c.in_lanes == 1 || c.in_lanes == BLOCK);
    assert(c.last_lanes >= 1 && c.last_lanes <= c.in_lanes && c.chunk >= 0);
    assert(c.pixels >= 1 && c.blocks >= 1 && c.rest == c.out_blocks % c.blocks);
    const int groups = (c.out_blocks + c.blocks - 1) / c.blocks;
    const int by_tile = c.out_h == 1, rows = by_tile ? c.wide_tiles + c.narrow_tiles : c.out_h;
    const int by_channel = c.order == CHANNELS_OUTER, tiles = by_tile ? 1 : c.wide_tiles + c.narrow_tiles;
    /* not where products are by lanes, whose loops have no instruction to spare, nor for a single tile, which has no time */
    const int fetches = !LANE_PRODUCTS && by_channel && rows * tiles > 1;
    pieces todo = !by_channel    ? work_share_in_order(rows, groups, part, parts)
                  : c.share_rows ? work_share_rows(groups, rows, part, parts)
                                 : work_share_in_order(groups, rows, part, parts);
    while (work_next_piece(&todo)) {
        const int group = by_channel ? todo.outer : todo.inner, row = by_channel ? todo.inner : todo.outer;
        const int tile = by_tile ? row : -1, line = by_tile ? 0 : row;
        const int block = group * c.blocks;
        const float *xx = x + (c.first_block ? c.first_block[block] * c.in_plane : 0) + line * c.stride_h * c.in_row;
        const void *ww = weights_at(w, (ptrdiff_t)block * c.block_weights, c.half);
        const float *bb = b + block * BLOCK;
        float *yy = y + (c.first_result ? c.first_result[block] : (ptrdiff_t)block * c.out_plane) + line * c.out_row;
        const float *rr = c.has_residual ? r + (size_t)block * c.residual_plane + line * c.residual_row : yy;
        if (fetches)
            c.ahead = weights_ahead_in_turns(weights_at(ww, (ptrdiff_t)c.blocks * c.block_weights, c.half),
                                             group + 1 < groups ? c.blocks * c.block_weights : 0, c.half,
                                             (todo.inner - todo.first_inner) * tiles,
                                             (todo.last_inner - todo.first_inner) * tiles, c.in_blocks);
        if (c.rest && group == groups - 1)
            conv_tiles(c, c.rest, tile, xx, ww, bb, yy, rr);
        else
            conv_tiles(c, c.blocks, tile, xx, ww, bb, yy, rr);
    }
}

#endif

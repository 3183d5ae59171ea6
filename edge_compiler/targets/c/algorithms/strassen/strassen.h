/* strassen.h - 1x1 convolution as a product of matrices by Strassen's method, in Winograd's form: seven products of their halves
 * instead of eight.
 *
 * Weights A, [output channel][input channel], and image B, [input channel][pixel], are cut into quadrants, A B = C:
 *
 *     T1 = B12 - B11   T2 = B22 - T1    T3 = B22 - B12   T4 = T2 - B21
 *     S1 = A21 + A22   S2 = S1 - A11    S3 = A11 - A21   S4 = A12 - S2
 *     U  = A11 B11 + S2 T2              V  = U + S3 T3   W = S1 T1
 *     C11 = A11 B11 + A12 B21   C12 = U + S4 B22 + W     C21 = V - A22 T4   C22 = V + W
 *
 * All but two products go on with the sums of an earlier one, so that a tile of registers begins with these and hardly anything
 * is added up apart. Strassen, "Gaussian Elimination is not Optimal", 1969; that tiles go through all products while they are in
 * a cache is from Huang, Smith, Henry and van de Geijn, "Strassen's Algorithm Reloaded", 2016.
 *
 * Pixels count through all rows. The second half of them overlaps the first one by a pixel if their number is odd. Its sums are
 * made for a strip of tiles in scratch memory, which all output channels use; those of the weights when an instance is made.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_STRASSEN_H
#define EDGE_STRASSEN_H

#include "conv.h"

enum { STRASSEN_PRODUCTS = 7 };

typedef struct {
    int in_blocks; /* of half of the channels, BLOCK of them each */
    int in_plane, in_row,
        in_pixel;   /* floats between input blocks, and between what two rows and pixels of the result read */
    int out_blocks; /* of half of the channels */
    int out_h, out_w;
    int out_plane, out_row;
    int residual_plane, residual_row, has_residual;
    activation act;
    int pixels, blocks, rest, wide_tiles, narrow_tiles; /* see conv.h; the row are half of the pixels */
    int block_weights;                                  /* from one output block's to the next, all products' */
    int strips, splits; /* of tiles, each packed together; pieces of work that divide the groups */
} strassen;

typedef struct {
    int half, in_blocks, out_blocks; /* half: weights are in float16; blocks of half of the channels */
} strassen_weights;

/* Pack what the products multiply: [output block][product][input channel][16 output channels]. w: as conv.h has them. */
INLINE void strassen_weights_prepare(const strassen_weights c, const void *w, float *prepared, int part, int parts)
{
    const ptrdiff_t quarter = (ptrdiff_t)c.in_blocks * BLOCK * BLOCK, below = 2 * quarter * c.out_blocks;
    pieces todo = work_share_in_order(c.out_blocks, c.in_blocks * BLOCK, part, parts);
    while (work_next_piece(&todo))
        UNROLLED_FOR (int v = 0; v < BLOCK; v += LANES) {
            const ptrdiff_t at = 2 * quarter * todo.outer + todo.inner * BLOCK + v;
            const vec a11 = weights_load(weights_at(w, at, c.half), c.half);
            const vec a12 = weights_load(weights_at(w, at + quarter, c.half), c.half);
            const vec a21 = weights_load(weights_at(w, at + below, c.half), c.half);
            const vec a22 = weights_load(weights_at(w, at + below + quarter, c.half), c.half);
            const vec s1 = a21 + a22, s2 = s1 - a11;
            const vec all[STRASSEN_PRODUCTS] = {a11, a12, s2, a11 - a21, -a22, s1, a12 - s2};
            float *to = prepared + STRASSEN_PRODUCTS * quarter * todo.outer + todo.inner * BLOCK + v;
            UNROLLED_FOR (int i = 0; i < STRASSEN_PRODUCTS; i++) vec_store(to + i * quarter, all[i]);
        }
}

/* From a pixel to its partner in the other half. */
INLINE int strassen_apart(const strassen c) { return c.out_h * c.out_w / 2; }

/* Where some pixels lie that are counted through all rows. */
INLINE void strassen_places(const strassen c, const int first, const int pixels, const int row, const int pixel,
                            int *at)
{
    int place = first / c.out_w * row, column = first % c.out_w;
    for (int p = 0; p < pixels; p++) {
        at[p] = place + column * pixel;
        if (++column == c.out_w)
            column = 0, place += row;
    }
}

/* Pack what a tile reads for the products: [product][input block][pixel][16 channels]. */
INLINE void strassen_pack(const strassen c, const int first, const int pixels, const float *restrict x,
                          float *restrict packed)
{
    const ptrdiff_t product = (ptrdiff_t)c.in_blocks * pixels * BLOCK, below = (ptrdiff_t)c.in_blocks * c.in_plane;
    int left[CONV_MAX_TILE], right[CONV_MAX_TILE];
    strassen_places(c, first, pixels, c.in_row, c.in_pixel, left);
    strassen_places(c, first + strassen_apart(c), pixels, c.in_row, c.in_pixel, right);
    for (int block = 0; block < c.in_blocks; block++, x += c.in_plane)
        for (int p = 0; p < pixels; p++, packed += BLOCK)
            UNROLLED_FOR (int v = 0; v < BLOCK; v += LANES) {
                const float *b1 = x + left[p] + v, *b2 = x + right[p] + v;
                const vec b11 = vec_load(b1), b12 = vec_load(b2);
                const vec b21 = vec_load(b1 + below), b22 = vec_load(b2 + below);
                const vec t1 = b12 - b11, t2 = b22 - t1;
                const vec all[STRASSEN_PRODUCTS] = {b11, b21, t2, b22 - b12, t2 - b21, t1, b22};
                UNROLLED_FOR (int i = 0; i < STRASSEN_PRODUCTS; i++) vec_store(packed + i * product + v, all[i]);
            }
}

/* Add a product to the sums of a tile. x, w: packed, all products'. */
INLINE void strassen_multiply(const strassen c, const int product, const int pixels, const int blocks, vec *sum,
                              const float *x, const float *w)
{
    const conv one = {
        .in_blocks = c.in_blocks,
        .in_lanes = BLOCK,
        .last_lanes = BLOCK,
        .in_plane = pixels * BLOCK,
        .kernel_h = 1,
        .kernel_w = 1,
        .stride_w = 1,
        .block_weights = c.block_weights,
    };
    conv_blocks(one, pixels, blocks, BLOCK, 0, c.in_blocks, sum, x + (ptrdiff_t)product * c.in_blocks * pixels * BLOCK,
                w + (ptrdiff_t)product * c.in_blocks * BLOCK * BLOCK);
}

/* The sums of a tile in memory. */
typedef float strassen_sums[CONV_MAX_TILE * LANES];

INLINE void strassen_keep(const int count, const vec *sum, float *to)
{
    UNROLLED_FOR (int i = 0; i < count; i++) vec_store(to + i * LANES, sum[i]);
}

INLINE void strassen_add(const int count, vec *sum, const float *from)
{
    UNROLLED_FOR (int i = 0; i < count; i++) sum[i] += vec_load(from + i * LANES);
}

/* Store the results of a tile, from a pixel of the image on; the first `skipped` of them are another tile's. other: is added to
 * the sums; NULL: nothing. b, y and r: of the first output block. */
INLINE void strassen_store(const strassen c, const int first, const int skipped, const int pixels, const int blocks,
                           const vec *sum, const float *other, const float *b, float *y, const float *r)
{
    const int vectors = blocks * VECTORS;
    int at[CONV_MAX_TILE], added[CONV_MAX_TILE];
    strassen_places(c, first, pixels, c.out_row, BLOCK, at);
    if (c.has_residual)
        strassen_places(c, first, pixels, c.residual_row, BLOCK, added);
    UNROLLED_FOR (int p = 0; p < pixels; p++) {
        if (p < skipped)
            continue;
        UNROLLED_FOR (int v = 0; v < vectors; v++) {
            const int block = v / VECTORS, lane = v % VECTORS * LANES;
            vec result = sum[p * vectors + v] + vec_load(b + v * LANES);
            if (other)
                result += vec_load(other + (p * vectors + v) * LANES);
            if (c.has_residual)
                result += vec_load(r + block * c.residual_plane + added[p] + lane);
            vec_store(y + block * c.out_plane + at[p] + lane,
                      activation_is_long(c.act) ? result : activation_apply(c.act, result));
        }
    }
    if (activation_is_long(c.act))
        for (int p = skipped; p < pixels; p++)
            for (int block = 0; block < blocks; block++)
                activation_apply_line(c.act, y + block * c.out_plane + at[p], BLOCK);
}

/* One tile of all four quadrants, from a pixel on: three chains of products. b, y and r: of the first output block. */
INLINE void strassen_tile(const strassen c, const int first, const int pixels, const int blocks, const float *x,
                          const float *w, const float *b, float *y, const float *r)
{
    enum { A11_B11, A12_B21, S2_T2, S3_T3, A22_T4, S1_T1, S4_B22 };
    const int count = pixels * blocks * VECTORS, right = first + strassen_apart(c);
    const int skipped = first == 0 ? c.out_h * c.out_w % 2 : 0;
    const float *below_b = b + c.out_blocks * BLOCK;
    float *below_y = y + (ptrdiff_t)c.out_blocks * c.out_plane;
    const float *below_r = c.has_residual ? r + (ptrdiff_t)c.out_blocks * c.residual_plane : r;
    strassen_sums plain __attribute__((aligned(64))), sum_u __attribute__((aligned(64))),
        sum_v __attribute__((aligned(64)));
    vec sum[CONV_MAX_TILE];

    UNROLLED_FOR (int i = 0; i < count; i++) sum[i] = vec_splat(0.0f);
    strassen_multiply(c, A11_B11, pixels, blocks, sum, x, w);
    strassen_keep(count, sum, plain);
    strassen_multiply(c, A12_B21, pixels, blocks, sum, x, w);
    strassen_store(c, first, 0, pixels, blocks, sum, NULL, b, y, r);

    UNROLLED_FOR (int i = 0; i < count; i++) sum[i] = vec_load(plain + i * LANES);
    strassen_multiply(c, S2_T2, pixels, blocks, sum, x, w);
    strassen_keep(count, sum, sum_u);
    strassen_multiply(c, S3_T3, pixels, blocks, sum, x, w);
    strassen_keep(count, sum, sum_v);
    strassen_multiply(c, A22_T4, pixels, blocks, sum, x, w);
    strassen_store(c, first, 0, pixels, blocks, sum, NULL, below_b, below_y, below_r);

    UNROLLED_FOR (int i = 0; i < count; i++) sum[i] = vec_splat(0.0f);
    strassen_multiply(c, S1_T1, pixels, blocks, sum, x, w);
    strassen_store(c, right, skipped, pixels, blocks, sum, sum_v, below_b, below_y, below_r);
    strassen_add(count, sum, sum_u);
    strassen_multiply(c, S4_B22, pixels, blocks, sum, x, w);
    strassen_store(c, right, skipped, pixels, blocks, sum, NULL, b, y, r);
}

/* All tiles of a strip for some output blocks. */
INLINE void strassen_tiles(const strassen c, const range tiles, const int blocks, const float *x, const float *w,
                           const float *b, float *y, const float *r)
{
    const ptrdiff_t size = (ptrdiff_t)STRASSEN_PRODUCTS * c.in_blocks * c.pixels * BLOCK;
    int t = tiles.first;
    for (; t < tiles.last && t < c.wide_tiles; t++, x += size)
        strassen_tile(c, t * c.pixels, c.pixels, blocks, x, w, b, y, r);
    if (c.pixels > 1 && c.narrow_tiles)
        for (; t < tiles.last; t++, x += size)
            strassen_tile(c, t * (c.pixels - 1) + c.wide_tiles, c.pixels - 1, blocks, x, w, b, y, r);
}

/* The layer. A piece of work is a strip of tiles for some groups of output blocks. */
INLINE void strassen_run(const strassen c, const float *x, const float *w, const float *b, float *y, const float *r,
                         float *scratch, int part, int parts)
{
    const int tiles = c.wide_tiles + c.narrow_tiles, groups = (c.out_blocks + c.blocks - 1) / c.blocks;
    assert(c.wide_tiles * c.pixels + c.narrow_tiles * (c.pixels - 1) == (c.out_h * c.out_w + 1) / 2);
    assert(c.rest == c.out_blocks % c.blocks && c.strips >= 1 && c.splits >= 1);
    pieces todo = work_share_in_order(c.splits, c.strips, part, parts);
    while (work_next_piece(&todo)) {
        const range strip = work_share(tiles, todo.inner, c.strips);
        float *to = scratch;
        for (int t = strip.first; t < strip.last;
             t++, to += (ptrdiff_t)STRASSEN_PRODUCTS * c.in_blocks * c.pixels * BLOCK) {
            const int narrow = work_clamp(t - c.wide_tiles, 0, t);
            strassen_pack(c, t * c.pixels - narrow, t < c.wide_tiles ? c.pixels : c.pixels - 1, x, to);
        }
        const range some = work_share(groups, todo.outer, c.splits);
        for (int group = some.first; group < some.last; group++) {
            const int block = group * c.blocks;
            const float *ww = w + (ptrdiff_t)block * c.block_weights, *bb = b + block * BLOCK;
            float *yy = y + (ptrdiff_t)block * c.out_plane;
            const float *rr = c.has_residual ? r + (ptrdiff_t)block * c.residual_plane : yy;
            if (c.rest && group == groups - 1)
                strassen_tiles(c, strip, c.rest, scratch, ww, bb, yy, rr);
            else
                strassen_tiles(c, strip, c.blocks, scratch, ww, bb, yy, rr);
        }
    }
}

#endif

/* qwinograd.h - 3x3 convolution with stride 1 of quantised images by Winograd's minimal filtering F(4x4, 3x3), in integers.
 *
 * winograd.h says what it does. Here it is exact: the kernel's transform is multiplied by 24 in each direction, which makes it
 * integers (the last point by 6 only, the results' transform makes up for it), and all is computed modulo 2^32. What comes out
 * is 576 = 9 * 64 times the sum. Nine has an inverse modulo 2^32; what is left, 64 times the sum, is exact if the sum is below
 * 2^25, which the compiler knows of the weights. Points of a patch are within 100 * 128 or 50 * 255, those of a kernel
 * within 144 * 128: both fit in 16 bits.
 *
 * Transformed weights: [output block][point][input channel][16], two input channels side by side where an instruction adds up
 * their products.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_QWINOGRAD_H
#define EDGE_QWINOGRAD_H

#include "bytes.h"
#include "work.h"

enum { QWINOGRAD_SIDE = 6, QWINOGRAD_POINTS = QWINOGRAD_SIDE * QWINOGRAD_SIDE, QWINOGRAD_RESULTS = 4 };

typedef struct {
    int tiles_h, tiles_w, chunk_tiles; /* tiles of 4x4 results that cover the image, and that are worked on together */
    int pairs;                         /* of input channels */
    int in_h, in_w, in_plane, in_row, in_flip, outside, pad_top, pad_left; /* see qconv.h */
    int out_h, out_w, out_blocks, out_plane, out_row;
    rounding round;
    int pixels, blocks, wide_tiles, narrow_tiles; /* of the products: a chunk's tiles are their pixels; see qconv.h */
    int splits; /* pieces of work that divide the output blocks of a chunk, where there are more parts than chunks */
} qwinograd;

/* B^T d, in one direction: 6 numbers of the patch to 6 points. */
INLINE void qwinograd_transform_in(const channels *d, channels *o)
{
    const channels p = d[4] - 4 * d[2], q = d[3] - 4 * d[1], r = d[4] - d[2], s = 2 * (d[3] - d[1]);
    o[0] = 4 * (d[0] - d[2]) + r;
    o[1] = p + q;
    o[2] = p - q;
    o[3] = r + s;
    o[4] = r - s;
    o[5] = 4 * (d[1] - d[3]) + (d[5] - d[3]);
}

/* 24 G d, in one direction: 3 weights to 6 points; of the last a quarter. */
INLINE void qwinograd_transform_kernel(const int16_t *d, int16_t *o)
{
    const int even = d[0] + d[2], wide = d[0] + 4 * d[2];
    o[0] = (int16_t)(6 * d[0]);
    o[1] = (int16_t)(-4 * (even + d[1]));
    o[2] = (int16_t)(-4 * (even - d[1]));
    o[3] = (int16_t)(wide + 2 * d[1]);
    o[4] = (int16_t)(wide - 2 * d[1]);
    o[5] = (int16_t)(6 * d[2]);
}

/* A^T d, in one direction: 6 points to 4 results. */
INLINE void qwinograd_transform_out(const uvec *d, uvec *o)
{
    const uvec p = d[1] + d[2], q = d[1] - d[2], r = d[3] + d[4], s = d[3] - d[4];
    o[0] = d[0] + p + r;
    o[1] = q + 2 * s;
    o[2] = p + 4 * r;
    o[3] = q + 4 * (2 * s + d[5]);
}

/* Transformed weights of an output block. */
INLINE size_t qwinograd_block_weights(const int pairs) { return (size_t)QWINOGRAD_POINTS * pairs * 2 * BLOCK; }

typedef struct {
    int pairs, blocks, block_weights; /* see qconv.h */
} qwinograd_kernels;

/* Transform the weights, packed as qconv.h says. */
INLINE void qwinograd_prepare(const qwinograd_kernels c, const int8_t *w, int16_t *prepared, int part, int parts)
{
    const int groups = (c.pairs + 1) / 2;
    pieces todo = work_share_in_order(c.blocks, 2 * c.pairs, part, parts);
    while (work_next_piece(&todo)) {
        const int channel = todo.inner, first = channel / BLOCK * (BLOCK / 4); /* group of the input block */
        const int together = groups - first < BLOCK / 4 ? groups - first : BLOCK / 4;
        const int8_t *from = w + (size_t)todo.outer * c.block_weights + first * 9 * 4 * BLOCK +
                             (channel / 4 - first) * 4 * BLOCK + channel % 4;
        int16_t *to = prepared + todo.outer * qwinograd_block_weights(c.pairs) +
                      channel / WORDS_TOGETHER * WORDS_TOGETHER * BLOCK + channel % WORDS_TOGETHER;
        for (int lane = 0; lane < BLOCK; lane++) {
            int16_t half[3][QWINOGRAD_SIDE]; /* [column][point] */
            for (int x = 0; x < 3; x++) {
                int16_t d[3];
                for (int y = 0; y < 3; y++) d[y] = from[(y * 3 + x) * together * 4 * BLOCK + lane * 4];
                qwinograd_transform_kernel(d, half[x]);
            }
            for (int y = 0; y < QWINOGRAD_SIDE; y++) {
                int16_t d[3], o[QWINOGRAD_SIDE];
                for (int x = 0; x < 3; x++) d[x] = half[x][y];
                qwinograd_transform_kernel(d, o);
                for (int x = 0; x < QWINOGRAD_SIDE; x++)
                    to[(size_t)(y * QWINOGRAD_SIDE + x) * c.pairs * 2 * BLOCK + lane * WORDS_TOGETHER] = o[x];
            }
        }
    }
}

/* Transform the patch of a tile in one input block, whose first pixel is (row, column). Points are `stride` words apart. */
INLINE void qwinograd_patch(const qwinograd c, const uint8_t *x, const int row, const int column, int16_t *points,
                            const int stride)
{
    const bytes16 flip = bytes_splat(c.in_flip);
    bytes16 copy[QWINOGRAD_POINTS];
    const uint8_t *from = x + (ptrdiff_t)row * c.in_row + (ptrdiff_t)column * BLOCK;
    int down = c.in_row;
    if (row < 0 || column < 0 || row + QWINOGRAD_SIDE > c.in_h || column + QWINOGRAD_SIDE > c.in_w) {
        for (int i = 0; i < QWINOGRAD_POINTS; i++) {
            const int y = i / QWINOGRAD_SIDE, k = i % QWINOGRAD_SIDE;
            const int inside = row + y >= 0 && row + y < c.in_h && column + k >= 0 && column + k < c.in_w;
            copy[i] = inside ? bytes_load(from + y * c.in_row + k * BLOCK) : bytes_splat(c.outside) ^ flip;
        }
        from = (const uint8_t *)copy, down = QWINOGRAD_SIDE * BLOCK;
    }
    for (int v = 0; v < BLOCK; v += WORDS) {
        channels half[QWINOGRAD_SIDE][QWINOGRAD_SIDE]; /* transformed along the columns: [column][point] */
        UNROLLED_FOR (int j = 0; j < QWINOGRAD_SIDE; j++) {
            channels d[QWINOGRAD_SIDE];
            UNROLLED_FOR (int i = 0; i < QWINOGRAD_SIDE; i++)
                d[i] = words_widen(from + i * down + j * BLOCK + v, c.in_flip);
            qwinograd_transform_in(d, half[j]);
        }
        UNROLLED_FOR (int i = 0; i < QWINOGRAD_SIDE; i++) {
            channels d[QWINOGRAD_SIDE], o[QWINOGRAD_SIDE];
            UNROLLED_FOR (int j = 0; j < QWINOGRAD_SIDE; j++) d[j] = half[j][i];
            qwinograd_transform_in(d, o);
            UNROLLED_FOR (int j = 0; j < QWINOGRAD_SIDE; j++)
                *(channels *)(points + (size_t)(i * QWINOGRAD_SIDE + j) * stride + v) = o[j];
        }
    }
}

/* Transform the points of a tile in one output block back, and store the results that lie inside the image. */
INLINE void qwinograd_results(const qwinograd c, const int32_t *points, const int stride, const int32_t *b,
                              const float *m, uint8_t *y, const int rows, const int columns)
{
    ivec sums[QWINOGRAD_RESULTS][QWINOGRAD_RESULTS][VECTORS];
    for (int v = 0; v < VECTORS; v++) {
        uvec half[QWINOGRAD_SIDE][QWINOGRAD_RESULTS]; /* [column of points][result row] */
        const ivec bias = *(const ivec *)(b + v * LANES);
        UNROLLED_FOR (int j = 0; j < QWINOGRAD_SIDE; j++) {
            uvec d[QWINOGRAD_SIDE];
            UNROLLED_FOR (int i = 0; i < QWINOGRAD_SIDE; i++)
                d[i] = *(const uvec *)(points + (size_t)(i * QWINOGRAD_SIDE + j) * stride + v * LANES);
            qwinograd_transform_out(d, half[j]);
        }
        UNROLLED_FOR (int i = 0; i < QWINOGRAD_RESULTS; i++) {
            uvec d[QWINOGRAD_SIDE], o[QWINOGRAD_RESULTS];
            UNROLLED_FOR (int j = 0; j < QWINOGRAD_SIDE; j++) d[j] = half[j][i];
            qwinograd_transform_out(d, o);
            UNROLLED_FOR (int j = 0; j < QWINOGRAD_RESULTS; j++)
                sums[i][j][v] = ((ivec)(o[j] * 954437177u /* a ninth, modulo 2^32 */) >> 6) + bias;
        }
    }
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++)
            bytes_store(y + i * c.out_row + j * BLOCK, bytes_of_sums(sums[i][j], m, c.round));
}

/* Words of points and sums of products from those of one point to the next. A pixel more keeps a tile's 36 points, which are
 * stored and loaded together, from having the same place in a cache. */
INLINE int qwinograd_in_stride(const qwinograd c)
{
    return ((2 * c.pairs + BLOCK - 1) / BLOCK * c.chunk_tiles + 2) * BLOCK;
}
INLINE int qwinograd_out_stride(const qwinograd c) { return (c.blocks * c.chunk_tiles + 1) * BLOCK; }

/* Fetch the weights of an input block for the next point: caches don't foresee what is read once. */
INLINE void qwinograd_fetch(const int blocks, const int16_t *w, const size_t block_weights)
{
#if defined __AVX2__
    for (int block = 0; block < blocks; block++)
        UNROLLED_FOR (int i = 0; i < BLOCK * BLOCK; i += 32) __builtin_prefetch(w + block * block_weights + i);
#else
    (void)blocks, (void)w, (void)block_weights;
#endif
}

/* Multiply the points of some pixels with the weights of some output blocks: one tile of qconv.h. */
INLINE void qwinograd_tile(const qwinograd c, const int pixels, const int blocks, const int16_t *x, const int16_t *w,
                           int32_t *y, const int16_t *ahead)
{
    const int whole = c.pairs / (BLOCK / 2), rest = c.pairs % (BLOCK / 2);
    const size_t block_weights = qwinograd_block_weights(c.pairs);
    ivec sum[WORDS_MAX_SUMS];
    UNROLLED_FOR (int i = 0; i < pixels * blocks * VECTORS; i++) sum[i] = (ivec){0};
    for (int block = 0; block < whole; block++, x += c.chunk_tiles * BLOCK, w += BLOCK * BLOCK) {
        qwinograd_fetch(blocks, ahead + block * BLOCK * BLOCK, block_weights);
        words_dot(pixels, blocks, BLOCK / 2, x, w, block_weights, sum);
    }
    if (rest)
        words_dot(pixels, blocks, rest, x, w, block_weights, sum);
    UNROLLED_FOR (int p = 0; p < pixels; p++)
        UNROLLED_FOR (int i = 0; i < blocks * VECTORS; i++)
            *(ivec *)(y + ((size_t)i / VECTORS * c.chunk_tiles + p) * BLOCK + i % VECTORS * LANES) =
                sum[p * blocks * VECTORS + i];
}

/* Multiply the points of a chunk with the weights of some output blocks. */
INLINE void qwinograd_products(const qwinograd c, const int blocks, const int16_t *x, const int16_t *w, int32_t *y)
{
    const int row = c.chunk_tiles * BLOCK;
    for (int point = 0; point < QWINOGRAD_POINTS; point++) {
        const int16_t *ahead = w + c.pairs * 2 * BLOCK;
        for (int i = 0; i < c.wide_tiles; i++, x += c.pixels * BLOCK, y += c.pixels * BLOCK)
            qwinograd_tile(c, c.pixels, blocks, x, w, y, ahead);
        for (int i = 0; i < c.narrow_tiles; i++, x += (c.pixels - 1) * BLOCK, y += (c.pixels - 1) * BLOCK)
            qwinograd_tile(c, c.pixels - 1, blocks, x, w, y, ahead);
        x += qwinograd_in_stride(c) - row, y += qwinograd_out_stride(c) - row;
        w += c.pairs * 2 * BLOCK;
    }
}

/* The convolution. A piece of work is a chunk, with all of its output blocks or some. */
INLINE void qwinograd_run(const qwinograd c, const void *x, const int16_t *w, const int32_t *b, const float *m, void *y,
                          void *scratch, int part, int parts)
{
    const int tiles = c.tiles_h * c.tiles_w, in_blocks = (2 * c.pairs + BLOCK - 1) / BLOCK;
    const int in_stride = qwinograd_in_stride(c), out_stride = qwinograd_out_stride(c);
    int16_t *points = scratch;
    int32_t *products = (int32_t *)(points + (size_t)QWINOGRAD_POINTS * in_stride);
    assert(c.wide_tiles * c.pixels + c.narrow_tiles * (c.pixels - 1) == c.chunk_tiles);
    assert(c.pixels * c.blocks * VECTORS <= WORDS_MAX_SUMS);
    const int chunks = (tiles + c.chunk_tiles - 1) / c.chunk_tiles;
    const int splits = work_clamp(parts / 2 / chunks, 1, c.splits); /* each transforms its chunk's patches: no more */
    pieces todo = work_share_in_order(splits, chunks, part, parts);
    while (work_next_piece(&todo)) {
        const int first = todo.inner * c.chunk_tiles;
        const int from = todo.outer * c.out_blocks / splits, to = (todo.outer + 1) * c.out_blocks / splits;
        for (int block = 0; block < in_blocks; block++)
            for (int i = 0; i < c.chunk_tiles; i++) {
                const int t =
                    work_clamp(first + i, 0, tiles - 1); /* the last chunk ends with its last tile several times */
                qwinograd_patch(c, (const uint8_t *)x + (size_t)block * c.in_plane,
                                t / c.tiles_w * QWINOGRAD_RESULTS - c.pad_top,
                                t % c.tiles_w * QWINOGRAD_RESULTS - c.pad_left,
                                points + (block * c.chunk_tiles + i) * BLOCK, in_stride);
            }
        for (int block = from; block < to; block += c.blocks) {
            const int blocks = to - block < c.blocks ? to - block : c.blocks;
            const int16_t *weights = w + block * qwinograd_block_weights(c.pairs);
            if (blocks == c.blocks)
                qwinograd_products(c, c.blocks, points, weights, products);
            else
                for (int k = 0; k < blocks; k++) /* the last ones, fewer than a tile has */
                    qwinograd_products(c, 1, points, weights + k * qwinograd_block_weights(c.pairs),
                                       products + k * c.chunk_tiles * BLOCK);
            for (int k = 0; k < blocks; k++)
                for (int i = 0; i < c.chunk_tiles && first + i < tiles; i++) {
                    const int row = (first + i) / c.tiles_w * QWINOGRAD_RESULTS;
                    const int column = (first + i) % c.tiles_w * QWINOGRAD_RESULTS;
                    qwinograd_results(c, products + (k * c.chunk_tiles + i) * BLOCK, out_stride,
                                      b + (block + k) * BLOCK, m + (block + k) * BLOCK,
                                      (uint8_t *)y + (size_t)(block + k) * c.out_plane + (size_t)row * c.out_row +
                                          column * BLOCK,
                                      work_clamp(c.out_h - row, 0, QWINOGRAD_RESULTS),
                                      work_clamp(c.out_w - column, 0, QWINOGRAD_RESULTS));
                }
        }
    }
}

#endif

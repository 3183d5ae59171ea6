/* qmatrix.h - products of bytes by instructions that multiply small matrices: eight channels of two pixels with those of two
 * output channels, which makes four sums. smmla of Armv8.6 does.
 *
 * Weights are brought into another order once, when an instance is made: [output block][input block][kernel row][kernel column]
 * [eight input channels][16][8]. What fills up the last eight is zero.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_QMATRIX_H
#define EDGE_QMATRIX_H

#include "bytes_store.h"
#include "work.h"

enum { QMATRIX_DEPTH = 8, QMATRIX_WEIGHTS = BLOCK * QMATRIX_DEPTH };

typedef struct {
    int blocks, in_blocks, last_groups, taps, block_weights; /* see qconv.h; taps: pixels of a kernel */
} qmatrix;

/* Reorder the weights. */
INLINE void qmatrix_prepare(const qmatrix c, const int8_t *w, int8_t *prepared, int part, int parts)
{
    const int last = (c.last_groups + 1) / 2;
    const size_t block_weights = (size_t)c.taps * ((c.in_blocks - 1) * 2 + last) * QMATRIX_WEIGHTS;
    const range todo = work_share(c.blocks, part, parts);
    for (int i = todo.first; i < todo.last; i++) {
        const int8_t *from = w + (size_t)i * c.block_weights;
        int8_t *to = prepared + i * block_weights;
        for (int tap = 0; tap < c.in_blocks * c.taps; tap++) {
            const int groups = tap / c.taps < c.in_blocks - 1 ? 4 : c.last_groups;
            for (int g = 0; g < (groups + 1) / 2 * 2; g++)
                for (int lane = 0; lane < BLOCK; lane++) {
                    int8_t *four = to + g / 2 * QMATRIX_WEIGHTS + lane * QMATRIX_DEPTH + g % 2 * 4;
                    if (g < groups)
                        memcpy(four, from + g * 4 * BLOCK + lane * 4, 4);
                    else
                        memset(four, 0, 4);
                }
            from += groups * 4 * BLOCK, to += (groups + 1) / 2 * QMATRIX_WEIGHTS;
        }
    }
}

#if defined __ARM_FEATURE_MATMUL_INT8
INLINE int8x16_t qmatrix_first(int8x16_t a, int8x16_t b)
{
    return vreinterpretq_s8_s64(vzip1q_s64(vreinterpretq_s64_s8(a), vreinterpretq_s64_s8(b)));
}
INLINE int8x16_t qmatrix_second(int8x16_t a, int8x16_t b)
{
    return vreinterpretq_s8_s64(vzip2q_s64(vreinterpretq_s64_s8(a), vreinterpretq_s64_s8(b)));
}

/* From the sums of both pixels in two output channels to those of each in four. */
INLINE void qmatrix_turn(ivec *sum, const int pixels, const int vectors)
{
    UNROLLED_FOR (int p = 0; p < pixels; p += 2)
        UNROLLED_FOR (int v = 0; v < vectors; v++) {
            ivec *a = sum + p * vectors + v, *b = a + vectors;
            const int8x16_t first = (int8x16_t)*a, second = (int8x16_t)*b;
            *a = (ivec)qmatrix_first(first, second), *b = (ivec)qmatrix_second(first, second);
        }
}

/* Load numbers of eight channels, two by two, each two for both pixels. */
INLINE void qmatrix_load_both(const void *numbers, ivec *both)
{
    const int64x2x4_t four = vld4q_dup_s64(numbers);
    UNROLLED_FOR (int i = 0; i < 4; i++) both[i] = (ivec)four.val[i];
}

/* Where the sums of a pair of pixels are for the i-th two of eight channels. */
INLINE int qmatrix_place(const int p, const int i, const int apart) { return (p + i % 2) * apart + i / 2; }

/* Sums to begin with, turned; an odd last pixel has a second one beside it, which is not looked at. */
INLINE void qmatrix_begin(const int32_t *b, const int pixels, const int vectors, ivec *sum)
{
    UNROLLED_FOR (int v = 0; v < vectors; v += 2) {
        ivec both[4];
        qmatrix_load_both(b + v * LANES, both);
        UNROLLED_FOR (int p = 0; p < pixels; p += 2)
            UNROLLED_FOR (int i = 0; i < 4; i++) sum[v + qmatrix_place(p, i, vectors)] = both[i];
    }
}

/* bytes_store_sums() of turned sums: bytes take fewer instructions to turn back. */
INLINE void qmatrix_store(const ivec *sum, const int step, const int pixels, const float *m, const rounding c,
                          uint8_t *y, const size_t apart, const int channels)
{
    ivec scales[2][4];
    UNROLLED_FOR (int half = 0; half < 2; half++) qmatrix_load_both(m + half * BLOCK / 2, scales[half]);
    UNROLLED_FOR (int p = 0; p < pixels; p += 2) {
        uint16x8_t halves[2];
        UNROLLED_FOR (int half = 0; half < 2; half++) {
            vec scaled[4];
            UNROLLED_FOR (int i = 0; i < 4; i++)
                scaled[i] = vec_float(sum[2 * half + qmatrix_place(p, i, step)]) * (vec)scales[half][i];
            halves[half] = (uint16x8_t)bytes_round(scaled, c);
        }
        bytes_store_channels(y + p * apart, (bytes16)vuzp1q_u16(halves[0], halves[1]), channels);
        if (p + 1 < pixels)
            bytes_store_channels(y + (p + 1) * apart, (bytes16)vuzp2q_u16(halves[0], halves[1]), channels);
    }
}

/* Load the weights of eight channels, for eight output channels. */
INLINE void qmatrix_load(const int8_t *w, const int half, int8x16_t *weights)
{
    const int8x16x4_t four = vld1q_s8_x4(w + half * 4 * BLOCK);
    UNROLLED_FOR (int i = 0; i < 4; i++) weights[i] = four.val[i];
}

/* Add the products of eight channels of pixels, for eight output channels. sum: `apart` vectors from pixel to pixel. */
INLINE void qmatrix_products(const int pixels, const int8x16_t *x, const int8x16_t *weights, ivec *sum, const int apart)
{
    UNROLLED_FOR (int p = 0; p < pixels; p += 2)
        UNROLLED_FOR (int i = 0; i < 4; i++) {
            ivec *s = sum + qmatrix_place(p, i, apart);
            __asm__("smmla %0.4s, %1.16b, %2.16b" : "+w"(*s) : "w"(x[p]), "w"(weights[i]));
        }
}

/* bytes_dot() of sums that are turned, and weights in their other order. These are loaded ahead of the products before theirs:
 * processors without reordering wait for them. */
INLINE void qmatrix_dot(const int pixels, const int blocks, const int groups, const unsigned char *cells,
                        const int step, const int8_t *w, const size_t block_weights, ivec *sum)
{
    int8x16_t x[2][8], first[4], second[4];
    qmatrix_load(w, 0, first);
    qmatrix_load(w, 1, second);
    UNROLLED_FOR (int p = 0; p < pixels; p += 2) {
        const int8x16_t a = vld1q_s8((const int8_t *)cells + p * step);
        const int8x16_t b = p + 1 < pixels ? vld1q_s8((const int8_t *)cells + (p + 1) * step) : a;
        x[0][p] = qmatrix_first(a, b), x[1][p] = qmatrix_second(a, b);
    }
    UNROLLED_FOR (int block = 0; block < blocks; block++) {
        const int8_t *next = w + QMATRIX_WEIGHTS;
        ivec *s = sum + block * VECTORS;
        const int apart = blocks * VECTORS;
        w += block_weights;
        qmatrix_products(pixels, x[0], first, s, apart);
        if (groups > 2) {
            qmatrix_load(next, 0, first);
            qmatrix_products(pixels, x[0], second, s + 2, apart);
            qmatrix_load(next, 1, second);
            qmatrix_products(pixels, x[1], first, s, apart);
            if (block + 1 < blocks)
                qmatrix_load(w, 0, first);
            qmatrix_products(pixels, x[1], second, s + 2, apart);
        } else {
            if (block + 1 < blocks)
                qmatrix_load(w, 0, first);
            qmatrix_products(pixels, x[0], second, s + 2, apart);
        }
        if (block + 1 < blocks)
            qmatrix_load(w, 1, second);
    }
}
#endif

#endif

/* bytes_dot.h - products of cells and weights, summed up in 32 bits: VECTORS sums a block of output channels.
 *
 * Weights are packed for all instruction sets alike, in groups of four input channels: [group][16 output channels][4].
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_BYTES_DOT_H
#define EDGE_BYTES_DOT_H

#include "bytes_cell.h"
#include "bytes_dot_arm.h"
#include "bytes_dot_avx.h"

#if defined DOT_WORDS
/* Widen `groups` groups of weights of a block to words: [group][even or odd channels][16][2]. */
INLINE void bytes_dot_widen(const int groups, const int8_t *w, int16_t *wide)
{
    for (int g = 0; g < groups; g++, w += 4 * BLOCK, wide += 4 * BLOCK)
        UNROLLED_FOR (int v = 0; v < VECTORS; v++) {
            const words four = *(const words *)(w + v * 4 * LANES);
            *(words *)(wide + v * 2 * LANES) = (words)(four << 8) >> 8;
            *(words *)(wide + (VECTORS + v) * 2 * LANES) = four >> 8;
        }
}

/* bytes_dot() with weights that were widened; `block_weights` bytes apart, too. */
INLINE void bytes_dot_widened(const int pixels, const int blocks, const int groups, const unsigned char *cells,
                              const int step, const int16_t *w, const size_t block_weights, ivec *sum)
{
    const int vectors = blocks * VECTORS;
    ivec none = {0};
    ROLLED_FOR (int g = 0; g < groups; g++, w += 4 * BLOCK, cells += 4)
        UNROLLED_FOR (int odd = 0; odd < 2; odd++)
            UNROLLED_FOR (int v = 0; v < vectors; v += 2) {
                words two[2];
                UNROLLED_FOR (int i = 0; i < 2; i++) {
                    const int at = v + i < vectors ? v + i : v;
                    two[i] = *(const words *)(w + at / VECTORS * (block_weights / sizeof *w) +
                                              (odd * VECTORS + at % VECTORS) * 2 * LANES);
                }
                UNROLLED_FOR (int p = 0; p < pixels; p++) {
                    ivec *s = sum + p * vectors + v;
                    words_dot_two(s, v + 1 < vectors ? s + 1 : &none, two, cells + p * step + odd * BLOCK);
                }
            }
}
#endif

/* Add the products of `groups` x 4 channels of cells, `step` bytes apart for each pixel, and weights of `blocks` blocks that are
 * `block_weights` bytes apart. sum: [pixel][block][VECTORS]. */
INLINE void bytes_dot(const int pixels, const int blocks, const int groups, const int per_word,
                      const unsigned char *cells, const int step, const int8_t *w, const size_t block_weights,
                      ivec *sum)
{
    (void)per_word; /* not all use it */
#if defined DOT_PAIRS
    if (per_word > 1) {
        bytes_dot_avx_small(pixels, blocks, groups, cells, step, w, block_weights, sum);
        return;
    }
#endif
#if defined DOT_WORDS
    const int vectors = blocks * VECTORS;
    ivec none = {0};
    ROLLED_FOR (int g = 0; g < groups; g++, w += 4 * BLOCK, cells += 4)
        UNROLLED_FOR (int v = 0; v < vectors; v += 2)
            UNROLLED_FOR (int odd = 0; odd < 2; odd++) {
                words two[2];
                UNROLLED_FOR (int i = 0; i < 2; i++) {
                    const int at = v + i < vectors ? v + i : v;
                    const int8_t *from = w + at / VECTORS * block_weights + at % VECTORS * 4 * LANES;
                    const words four = *(const words *)from;
                    two[i] = odd ? four >> 8 : (words)(four << 8) >> 8;
                }
                UNROLLED_FOR (int p = 0; p < pixels; p++) {
                    ivec *s = sum + p * vectors + v;
                    words_dot_two(s, v + 1 < vectors ? s + 1 : &none, two, cells + p * step + odd * BLOCK);
                }
            }
#elif defined DOT_BYTES && defined __SSE2__
    ROLLED_FOR (int g = 0; g < groups; g++, w += 4 * BLOCK, cells += 4) {
        ivec weights[8];
        UNROLLED_FOR (int v = 0; v < blocks * VECTORS; v++)
            weights[v] = *(const ivec *)(w + v / VECTORS * block_weights + v % VECTORS * 4 * LANES);
        UNROLLED_FOR (int p = 0; p < pixels; p++) {
            ivec *s = sum + p * blocks * VECTORS;
            UNROLLED_FOR (int v = 0; v < blocks * VECTORS / 2 * 2; v += 2)
                bytes_dot_avx_two(s + v, s + v + 1, weights + v, cells + p * step);
            if (blocks * VECTORS % 2)
                s[blocks * VECTORS - 1] = bytes_dot_avx_four(
                    s[blocks * VECTORS - 1], bytes_dot_avx_splat(cells + p * step), weights[blocks * VECTORS - 1]);
        }
    }
#elif defined DOT_BYTES
    int8x16_t x[8];
    UNROLLED_FOR (int p = 0; p < pixels; p++) x[p] = vld1q_s8((const int8_t *)cells + p * step);
    for (int block = 0; block < blocks; block++)
        UNROLLED_FOR (int g = 0; g < 4; g++) {
            if (g >= groups)
                break;
            const int8x16x4_t weights = vld1q_s8_x4(w + block * block_weights + g * 4 * BLOCK);
            UNROLLED_FOR (int p = 0; p < pixels; p++)
                UNROLLED_FOR (int v = 0; v < VECTORS; v++) {
                    ivec *s = sum + (p * blocks + block) * VECTORS + v;
                    __asm__("sdot %0.4s, %1.16b, %2.4b[%3]" : "+w"(*s) : "w"(weights.val[v]), "w"(x[p]), "i"(g));
                }
        }
#elif defined DOT_HALVES
    const int by_themselves = per_word > 1 ? 1 : GROUPS_TOGETHER;
    for (int block = 0; block < blocks; block++)
        UNROLLED_FOR (int g = 0; g < 4; g += GROUPS_TOGETHER) {
            const int8_t *from = w + block * block_weights + g * 4 * BLOCK;
            ivec *s = sum + block * VECTORS;
#if GROUPS_TOGETHER > 1
            if (g + 1 < groups && per_word > 1) {
                bytes_dot_arm_two(pixels, per_word, cells + 4 * g, step, from, s, blocks * VECTORS);
                continue;
            }
#endif
            UNROLLED_FOR (int i = 0; i < by_themselves; i++)
                if (g + i < groups)
                    bytes_dot_arm_group(pixels, per_word, cells + 4 * (g + i), step, from + i * 4 * BLOCK, s,
                                        blocks * VECTORS);
        }
#else
    for (int g = 0; g < groups; g++)
        for (int i = 0; i < pixels * blocks * BLOCK; i++) {
            const int lane = i % BLOCK, block = i / BLOCK % blocks, p = i / BLOCK / blocks;
            const int8_t *four = w + block * block_weights + (g * BLOCK + lane) * 4;
            for (int k = 0; k < 4; k++) sum[i / LANES][i % LANES] += four[k] * cells[p * step + 4 * g + k];
        }
#endif
}

#endif

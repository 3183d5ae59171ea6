/* words.h - vectors of numbers of 16 bits, and products of them that are summed up in 32 bits.
 *
 * Weights of a block of output channels: [input channel][16]; where an instruction adds up two products (WORDS_TOGETHER),
 * [two input channels][16][2].
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_WORDS_H
#define EDGE_WORDS_H

#include "vec.h"

typedef uint32_t uvec __attribute__((vector_size(4 * LANES))); /* sums modulo 2^32 */
typedef int16_t words __attribute__((vector_size(4 * LANES)));

/* Channels of a block as words: all in one vector, if it has room for so many. */
enum { WORDS = LANES < BLOCK / 2 ? 2 * LANES : BLOCK };
typedef int16_t channels __attribute__((vector_size(2 * WORDS)));

/* Load bytes that are unsigned if the bits of `flip` are turned; where products take signed bytes, they are 128 less. */
INLINE channels words_widen(const uint8_t *p, const int flip)
{
#if defined __ARM_NEON
    int8_t bytes __attribute__((vector_size(WORDS)));
    const int8_t turned = (int8_t)(flip ^ 0x80);
#else
    uint8_t bytes __attribute__((vector_size(WORDS)));
    const uint8_t turned = (uint8_t)flip;
#endif
    memcpy(&bytes, p, sizeof bytes);
    return __builtin_convertvector(bytes ^ turned, channels);
}

#if defined __SSE2__
enum { WORDS_TOGETHER = 2 };

/* Add products with two words to two vectors of sums. One piece of assembler: compilers would load the words of a whole tile, or
 * do all of its products, before they add any, for which there are no registers. */
INLINE void words_dot_two(ivec *a, ivec *b, const words *w, const void *two)
{
    const int16_t (*from)[2] = two;
    ivec x;
#if defined __AVX512VNNI__
    __asm__("vpbroadcastd %5, %2\n\tvpdpwssd %2, %3, %0\n\tvpdpwssd %2, %4, %1"
            : "+v"(*a), "+v"(*b), "=&v"(x)
            : "v"(w[0]), "v"(w[1]), "m"(*from));
#elif defined __AVX__ /* "v": all registers that AVX-512 has */
    ivec product;
    __asm__("vpbroadcastd %6, %2\n\tvpmaddwd %2, %4, %3\n\tvpaddd %3, %0, %0\n\tvpmaddwd %2, %5, %2\n\t"
            "vpaddd %2, %1, %1"
            : "+v"(*a), "+v"(*b), "=&v"(x), "=&v"(product)
            : "v"(w[0]), "v"(w[1]), "m"(*from));
#else
    ivec product;
    __asm__("movd %6, %2\n\tpshufd $0, %2, %2\n\tmovdqa %2, %3\n\tpmaddwd %4, %3\n\tpaddd %3, %0\n\tpmaddwd %5, %2\n\t"
            "paddd %2, %1"
            : "+x"(*a), "+x"(*b), "=&x"(x), "=&x"(product)
            : "x"(w[0]), "x"(w[1]), "m"(*from));
#endif
}

#if defined __AVX2__
/* Add products with words in memory to a vector of sums. */
INLINE void words_dot_memory(ivec *sum, const words w, const int16_t *x)
{
    const words *from = (const words *)x;
    ivec product;
    __asm__("vpmaddwd %3, %2, %1\n\tvpaddd %1, %0, %0" : "+v"(*sum), "=&v"(product) : "v"(w), "m"(*from));
}
#endif
#else
enum { WORDS_TOGETHER = 1 };
#endif

#if defined __ARM_NEON
/* Add the products of eight weights with one lane of x to two vectors of sums; the compilers' own would be moved around. */
INLINE void words_add_lane_products(ivec *a, ivec *b, const int16x8_t w, const int16x8_t x, const int lane)
{
#if defined __aarch64__
    __asm__("smlal %0.4s, %1.4h, %2.h[%3]" : "+w"(*a) : "w"(w), "x"(x), "i"(lane));
    __asm__("smlal2 %0.4s, %1.8h, %2.h[%3]" : "+w"(*b) : "w"(w), "x"(x), "i"(lane));
#else
    if (lane < 4) {
        __asm__("vmlal.s16 %q0, %e1, %e2[%3]" : "+w"(*a) : "w"(w), "x"(x), "i"(lane));
        __asm__("vmlal.s16 %q0, %f1, %e2[%3]" : "+w"(*b) : "w"(w), "x"(x), "i"(lane));
    } else {
        __asm__("vmlal.s16 %q0, %e1, %f2[%3]" : "+w"(*a) : "w"(w), "x"(x), "i"(lane - 4));
        __asm__("vmlal.s16 %q0, %f1, %f2[%3]" : "+w"(*b) : "w"(w), "x"(x), "i"(lane - 4));
    }
#endif
}
#endif

enum { WORDS_MAX_SUMS = 32 };

/* Add the products of `pairs` x 2 channels of pixels, which lie side by side, and weights of `blocks` blocks that are
 * `block_weights` words apart, modulo 2^32. sum: [pixel][block][VECTORS]. */
INLINE void words_dot(const int pixels, const int blocks, const int pairs, const int16_t *x, const int16_t *w,
                      const size_t block_weights, ivec *sum)
{
    const int vectors = blocks * VECTORS;
#if defined __SSE2__
    ivec none = {0};
    ROLLED_FOR (int pair = 0; pair < pairs; pair++, w += 2 * BLOCK, x += 2)
        UNROLLED_FOR (int v = 0; v < vectors; v += 2) {
            words two[2];
            UNROLLED_FOR (int i = 0; i < 2; i++) {
                const int at = v + i < vectors ? v + i : v;
                two[i] = *(const words *)(w + at / VECTORS * block_weights + at % VECTORS * 2 * LANES);
            }
            UNROLLED_FOR (int p = 0; p < pixels; p++) {
                ivec *s = sum + p * vectors + v;
                words_dot_two(s, v + 1 < vectors ? s + 1 : &none, two, x + p * BLOCK);
            }
        }
#elif defined __ARM_NEON
    for (int first = 0; first < BLOCK; first += 8) {
        int16x8_t eight[8];
        if (first >= 2 * pairs)
            break;
        UNROLLED_FOR (int p = 0; p < pixels; p++) eight[p] = vld1q_s16(x + p * BLOCK + first);
        UNROLLED_FOR (int lane = 0; lane < 8; lane++) {
            if (first + lane >= 2 * pairs)
                break;
            for (int block = 0; block < blocks; block++)
                UNROLLED_FOR (int v = 0; v < VECTORS; v += 2) {
                    const int16x8_t weights = vld1q_s16(w + block * block_weights + (first + lane) * BLOCK + v * LANES);
                    UNROLLED_FOR (int p = 0; p < pixels; p++) {
                        ivec *s = sum + p * vectors + block * VECTORS + v;
                        words_add_lane_products(s, s + 1, weights, eight[p], lane);
                    }
                }
        }
    }
#else
    for (int channel = 0; channel < 2 * pairs; channel++)
        for (int i = 0; i < pixels * vectors; i++) {
            const int p = i / vectors, block = i % vectors / VECTORS;
            const int16_t *from = w + block * block_weights + channel * BLOCK + i % VECTORS * LANES;
            for (int lane = 0; lane < LANES; lane++)
                sum[i][lane] = (int32_t)((uint32_t)sum[i][lane] + (uint32_t)(from[lane] * x[p * BLOCK + channel]));
        }
#endif
}

#endif

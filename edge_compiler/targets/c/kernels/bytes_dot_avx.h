/* bytes_dot_avx.h - the products of bytes_dot() with VNNI, and those of weights that leave room in 16 bits with AVX2.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_BYTES_DOT_AVX_H
#define EDGE_BYTES_DOT_AVX_H

#include "bytes_cell.h"

INLINE ivec bytes_dot_avx_splat(const unsigned char *four)
{
    int32_t x;
    memcpy(&x, four, sizeof x);
    return (ivec){0} + x;
}

#if defined DOT_BYTES && defined __SSE2__
/* GCC knows the instruction by this name, and keeps the sums of a tile in their registers; those of assembler it moves and spills. */
#if defined __AVX512VNNI__ && !defined __clang__
#define GCC_KNOWS_VNNI 1
#endif

INLINE ivec bytes_dot_avx_four(ivec sum, ivec x, ivec w)
{
#if defined GCC_KNOWS_VNNI
    sum = __builtin_ia32_vpdpbusd_v16si(sum, x, w);
#elif defined __AVX512VNNI__
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(x), "vm"(w));
#else
    __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(x), "xm"(w));
#endif
    return sum;
}

/* Add products with four bytes to two vectors of sums: see words_dot_two(). */
INLINE void bytes_dot_avx_two(ivec *a, ivec *b, const ivec *w, const unsigned char *four)
{
#if defined GCC_KNOWS_VNNI
    const ivec x = bytes_dot_avx_splat(four);
    *a = bytes_dot_avx_four(*a, x, w[0]), *b = bytes_dot_avx_four(*b, x, w[1]);
#else
    const unsigned char (*from)[4] = (const unsigned char (*)[4])four;
    ivec x;
#if defined __AVX512VNNI__
    __asm__("vpbroadcastd %5, %2\n\tvpdpbusd %3, %2, %0\n\tvpdpbusd %4, %2, %1"
            : "+v"(*a), "+v"(*b), "=&v"(x)
            : "v"(w[0]), "v"(w[1]), "m"(*from));
#else
    __asm__("vpbroadcastd %5, %2\n\t%{vex%} vpdpbusd %3, %2, %0\n\t%{vex%} vpdpbusd %4, %2, %1"
            : "+x"(*a), "+x"(*b), "=&x"(x)
            : "x"(w[0]), "x"(w[1]), "m"(*from));
#endif
#endif
}
#endif

#if defined DOT_PAIRS
/* Add products with four bytes to two vectors of sums. The second weights stay in memory: registers are full of sums. */
INLINE void bytes_dot_avx_pairs(ivec *a, ivec *b, const ivec w, const ivec *other, const ivec ones,
                                const unsigned char *four)
{
    const unsigned char (*from)[4] = (const unsigned char (*)[4])four;
    ivec x, product;
    __asm__("vpbroadcastd %7, %2\n\tvpmaddubsw %4, %2, %3\n\tvpmaddwd %6, %3, %3\n\tvpaddd %3, %0, %0\n\t"
            "vpmaddubsw %5, %2, %2\n\tvpmaddwd %6, %2, %2\n\tvpaddd %2, %1, %1"
            : "+v"(*a), "+v"(*b), "=&v"(x), "=&v"(product)
            : "v"(w), "m"(*other), "v"(ones), "m"(*from));
}

/* bytes_dot() where 16 bits hold two products. */
INLINE void bytes_dot_avx_small(const int pixels, const int blocks, const int groups, const unsigned char *cells,
                                const int step, const int8_t *w, const size_t block_weights, ivec *sum)
{
    const int vectors = blocks * VECTORS;
    const ivec ones = (ivec)((words){0} + 1);
    ivec none = {0};
    ROLLED_FOR (int g = 0; g < groups; g++, w += 4 * BLOCK, cells += 4)
        UNROLLED_FOR (int v = 0; v < vectors; v += 2) {
            const int at = v + 1 < vectors ? v + 1 : v;
            const ivec first = *(const ivec *)(w + v / VECTORS * block_weights + v % VECTORS * 4 * LANES);
            const ivec *second = (const ivec *)(w + at / VECTORS * block_weights + at % VECTORS * 4 * LANES);
            UNROLLED_FOR (int p = 0; p < pixels; p++) {
                ivec *s = sum + p * vectors + v;
                bytes_dot_avx_pairs(s, v + 1 < vectors ? s + 1 : &none, first, second, ones, cells + p * step);
            }
        }
}
#endif

#endif

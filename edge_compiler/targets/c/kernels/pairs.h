/* pairs.h - pairs of numbers of bfloat16, each pair as large as a float: what two channels have there, or two pixels of a plane.
 *
 * One instruction multiplies two pairs and adds both products to a float32. So a product of pairs takes the place of one of
 * floats in kernels that multiply floats, which then have half as many channels: see conv.h.
 *
 * bfloat16 is the upper half of a float32. Numbers are rounded to the nearest, of two to the even one; a product of two is exact
 * in float32. AVX512-BF16 takes denormal numbers for zero, here and in sums.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_PAIRS_H
#define EDGE_PAIRS_H

#include "halves.h"

typedef uint16_t pairs_halves __attribute__((vector_size(2 * LANES)));
typedef uint16_t pairs_stored __attribute__((vector_size(2 * LANES), aligned(4), may_alias));

/* Round a vector, and store it where half as many floats have room; where numbers of float16 are multiplied, round to these. */
INLINE void pairs_store(float *p, vec v)
{
    pairs_halves rounded;
#if HALF_PRODUCTS
    rounded = (pairs_halves)vcvt_f16_f32((float32x4_t)v);
#elif defined __AVX512BF16__
    __asm__("vcvtneps2bf16 %1, %0" : "=v"(rounded) : "v"(v));
#else
    const ivec bits = (ivec)v;
    rounded = __builtin_convertvector((bits + 0x7fff + (bits >> 16 & 1)) >> 16, pairs_halves);
#endif
    *(pairs_stored *)p = (pairs_stored)rounded;
}

/* The same with a block of channels, times a factor. */
INLINE void pairs_store_block(float *to, const float *from, const float factor)
{
#if HALF_PRODUCTS
    halves_store_block(to, from, factor);
#else
    UNROLLED_FOR (int v = 0; v < BLOCK; v += LANES) pairs_store(to + v / 2, factor * vec_load(from + v));
#endif
}

/* Return rounded numbers side by side: each pair has one of either vector. */
INLINE vec pairs_join(vec first, vec second)
{
    const ivec a = (ivec)first, b = (ivec)second;
    return (vec)(((a + 0x7fff + (a >> 16 & 1)) >> 16 & 0xffff) | ((b + 0x7fff + (b >> 16 & 1)) & ~0xffff));
}

/* Add the products of pairs of w with the pair that x points to. */
INLINE vec pairs_add_products(vec sum, vec w, const float *x)
{
#if defined __AVX512BF16__
    __asm__("vdpbf16ps %2%{1to16%}, %1, %0" : "+v"(sum) : "v"(w), "m"(*x));
    return sum;
#else
    int32_t pair;
    memcpy(&pair, x, sizeof pair);
    const ivec both = (ivec)w, two = (ivec){0} + pair;
    sum += (vec)(both & ~0xffff) * (vec)(two & ~0xffff);
    return sum + (vec)(both << 16) * (vec)(two << 16);
#endif
}

#endif

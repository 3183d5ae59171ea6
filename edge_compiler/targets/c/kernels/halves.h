/* halves.h - products of numbers of float16, which Arm multiplies from ARMv8.2 on: twice as many an instruction as of float32.
 *
 * A few products are added up in float16; halves_add() adds these sums to sums of float32.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_HALVES_H
#define EDGE_HALVES_H

#include "vec.h"

#if defined __ARM_FEATURE_FP16_VECTOR_ARITHMETIC
#define HALF_PRODUCTS 1

enum { HALF_LANES = 2 * LANES, HALF_VECTORS = BLOCK / HALF_LANES };
typedef uint16_t halves __attribute__((vector_size(2 * HALF_LANES)));

INLINE halves halves_load(const float *p) { return (halves)vld1q_u16((const uint16_t *)p); }

/* Load the weights of two channels for a block of output channels, those of the second one behind the others. */
INLINE void halves_load_two(const void *p, halves *w)
{
    const uint16x8x4_t all = vld1q_u16_x4(p);
    UNROLLED_FOR (int i = 0; i < 2 * HALF_VECTORS; i++) w[i] = (halves)all.val[i];
}

/* Round a block of channels, times a factor, to the nearest numbers, of two to the even one; store it where half as many floats
 * have room. */
INLINE void halves_store_block(float *to, const float *from, const float factor)
{
    vec v[VECTORS];
    uint16x8x2_t rounded;
    vec_load_block(from, v);
    if (factor != 1.0f)
        UNROLLED_FOR (int i = 0; i < VECTORS; i++) v[i] *= factor;
    UNROLLED_FOR (int i = 0; i < HALF_VECTORS; i++)
        rounded.val[i] =
            vreinterpretq_u16_f16(vcvt_high_f16_f32(vcvt_f16_f32((float32x4_t)v[2 * i]), (float32x4_t)v[2 * i + 1]));
    vst1q_u16_x2((uint16_t *)to, rounded);
}

/* Multiply by a lane, which must be in one of the lower registers; or add such a product. See vec_add_lane_product(). */
INLINE halves halves_lane_product(halves a, halves b, const int lane)
{
    halves product;
    __asm__("fmul %0.8h, %1.8h, %2.h[%3]" : "=w"(product) : "w"(a), "x"(b), "i"(lane));
    return product;
}
INLINE halves halves_add_lane_product(halves sum, halves a, halves b, const int lane)
{
    __asm__("fmla %0.8h, %1.8h, %2.h[%3]" : "+w"(sum) : "w"(a), "x"(b), "i"(lane));
    return sum;
}

/* Add to two vectors of sums. */
INLINE void halves_add(vec *sum, halves part)
{
    const float16x8_t all = vreinterpretq_f16_u16((uint16x8_t)part);
    sum[0] += (vec)vcvt_f32_f16(vget_low_f16(all));
    sum[1] += (vec)vcvt_high_f32_f16(all);
}

#else
#define HALF_PRODUCTS 0
#endif

#endif

/* weights.h - weights as a library has them: in float32, or in float16 where that has the same numbers in half the memory.
 *
 * Halves become float32 as they are loaded; whatever is computed of them is float32. They are finite.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_WEIGHTS_H
#define EDGE_WEIGHTS_H

#include "vec.h"

typedef uint16_t weights_halves __attribute__((vector_size(2 * LANES), may_alias));

/* Return where the weight of an index lies. */
INLINE const void *weights_at(const void *w, ptrdiff_t index, const int half)
{
    return (const char *)w + index * (half ? (ptrdiff_t)sizeof(uint16_t) : (ptrdiff_t)sizeof(float));
}

/* Load a vector of halves. */
INLINE vec weights_widen(const void *w)
{
#if defined __AVX__
    vec r;
    __asm__("vcvtph2ps %1, %0" : "=v"(r) : "m"(*(const weights_halves *)w));
    return r;
#elif defined __aarch64__
    return (vec)vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(w)));
#elif defined __ARM_NEON
    vec r;
    __asm__("vcvt.f32.f16 %q0, %P1" : "=w"(r) : "w"(vld1_u16(w)));
    return r;
#else /* exponents are raised from float16's bias to float32's, which makes denormal halves normal, too */
    const ivec bits = __builtin_convertvector(*(const weights_halves *)w, ivec);
    const vec size = (vec)((bits & 0x7fff) << 13) * 0x1p112f;
    return (vec)((ivec)size | (bits & 0x8000) << 16);
#endif
}

/* Load a vector. */
INLINE vec weights_load(const void *w, const int half) { return half ? weights_widen(w) : vec_load(w); }

/* Load those of a block of channels and return the next ones, see vec_load_block(). */
INLINE const void *weights_load_block(const void *w, vec *v, const int half)
{
    if (!half)
        return vec_load_block(w, v);
#if defined __aarch64__
    const uint16x8x2_t all = vld1q_u16_x2(w);
    UNROLLED_FOR (int i = 0; i < 2; i++) {
        v[2 * i] = (vec)vcvt_f32_f16(vreinterpret_f16_u16(vget_low_u16(all.val[i])));
        v[2 * i + 1] = (vec)vcvt_high_f32_f16(vreinterpretq_f16_u16(all.val[i]));
    }
#else
    UNROLLED_FOR (int i = 0; i < VECTORS; i++) v[i] = weights_widen(weights_at(w, i * LANES, half));
#endif
    w = weights_at(w, BLOCK, half);
#if defined __ARM_NEON
    COUNT_FROM(w);
#endif
    return w;
}

#endif

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

/* Weights that are fetched into a second-level cache while others are multiplied, a few lines at a time: then the memory has time
 * for each, whereas a processor fetches them by itself when they are needed. */
typedef struct {
    const char *at, *end;       /* of the present turn, and of all */
    int turn_lines, step_lines; /* of a turn, and of one of its steps */
} weights_ahead;

enum { WEIGHTS_LINE = 64 };

/* Return what is fetched from a turn on, of so many turns with so many steps. */
INLINE weights_ahead weights_ahead_in_turns(const void *w, ptrdiff_t count, const int half, int turn, int turns,
                                            int steps)
{
    const char *end = weights_at(w, count, half);
    const int lines = (int)((end - (const char *)w) / WEIGHTS_LINE), some = (lines + turns - 1) / turns;
    return (weights_ahead){(const char *)w + (ptrdiff_t)turn * some * WEIGHTS_LINE, end, some,
                           (some + steps - 1) / steps};
}

INLINE weights_ahead weights_ahead_next_turn(weights_ahead a)
{
    a.at += (ptrdiff_t)a.turn_lines * WEIGHTS_LINE;
    return a;
}

/* Fetch those of a step. */
INLINE void weights_fetch(const weights_ahead a, const int step)
{
    const char *at = a.at + (ptrdiff_t)step * a.step_lines * WEIGHTS_LINE;
    for (int i = 0; i < a.step_lines && at < a.end; i++, at += WEIGHTS_LINE) __builtin_prefetch(at, 0, 2);
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

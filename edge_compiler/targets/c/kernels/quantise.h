/* quantise.h - from floats to the integers that stand for them, and back.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_QUANTISE_H
#define EDGE_QUANTISE_H

#include "bytes.h"
#include "elements.h"

/* A divisor of which GCC doesn't know that it stays the same. For 32-bit NEON it has -funsafe-math-optimizations, and would multiply
 * by the reciprocal, which rounds a few numbers near the middle to the other side. */
INLINE float quantise_divisor(float x)
{
#if defined __arm__
    __asm__("" : "+t"(x));
#endif
    return x;
}

/* Quantise numbers to bytes by one scale, `least` being the smallest byte, for as many as vectors hold. Returns how many. */
INLINE int quantise_vectors(const float *x, const float scale, const int zero, const int least, void *out,
                            const int count)
{
    const vec low = vec_splat((float)(least - zero)), high = vec_splat((float)(least + 255 - zero));
    int i = 0;
    for (; i + BLOCK <= count; i += BLOCK) {
        ivec wide[VECTORS];
        UNROLLED_FOR (int v = 0; v < VECTORS; v++) {
            const vec y = vec_load_unaligned(x + i + v * LANES) / quantise_divisor(scale);
            wide[v] = vec_round(vec_min(high, vec_select(y > low, y, low))) + (zero - least); /* NaN is not larger */
        }
        bytes_store((uint8_t *)out + i, bytes_narrow(wide) ^ bytes_splat(least));
    }
    return i;
}

/* out = x / scale + zero point, rounded to the nearest integer, of two the even one; what is beyond the ends of T becomes the end,
 * NaN the lower one. */
#define QUANTISE(T, least, most)                                                                                    \
    INLINE void quantise_##T(const elements c, const float *restrict x, const float *restrict scale,                \
                             const T *restrict zero, T *restrict out, int part, int parts)                          \
    {                                                                                                               \
        const int vectors = sizeof(T) == 1 && STEP(a) == 1 && !STEP(b) && !STEP(c);                                 \
        for (row_piece row = elements_first_row(c, part, parts); elements_next_row(c, &row);) {                     \
            int i = 0;                                                                                              \
            if (vectors)                                                                                            \
                i = quantise_vectors(x + row.a, scale[row.b], zero[row.c], least, out + row.first, row.count);      \
            for (; i < row.count; i++) {                                                                            \
                const float rounded = rintf(x[row.a + i * STEP(a)] / quantise_divisor(scale[row.b + i * STEP(b)])); \
                const float y = rounded + (float)zero[row.c + i * STEP(c)];                                         \
                out[row.first + i] = (T)(y > least##.0f ? (y < most##.0f ? y : most##.0f) : least##.0f);            \
            }                                                                                                       \
        }                                                                                                           \
    }
QUANTISE(int8_t, -128, 127)
QUANTISE(uint8_t, 0, 255)
QUANTISE(int16_t, -32768, 32767)
QUANTISE(uint16_t, 0, 65535)
#undef QUANTISE

/* out = (x - zero point) * scale */
#define DEQUANTISE(T)                                                                                 \
    INLINE void quantise_back_##T(const elements c, const T *restrict x, const float *restrict scale, \
                                  const T *restrict zero, float *restrict out, int part, int parts)   \
    {                                                                                                 \
        FOR_ELEMENTS (i) {                                                                            \
            const int64_t difference = (int64_t)x[row.a + i * STEP(a)] - zero[row.c + i * STEP(c)];   \
            out[row.first + i] = (float)difference * scale[row.b + i * STEP(b)];                      \
        }                                                                                             \
    }
DEQUANTISE(int8_t)
DEQUANTISE(uint8_t)
DEQUANTISE(int16_t)
DEQUANTISE(uint16_t)
DEQUANTISE(int32_t)
#undef DEQUANTISE

#endif

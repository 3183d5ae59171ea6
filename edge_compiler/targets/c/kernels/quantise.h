/* quantise.h - from floats to the integers that stand for them, and back.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_QUANTISE_H
#define EDGE_QUANTISE_H

#include "elements.h"

/* out = x / scale + zero point, rounded to the nearest integer, of two the even one; what is beyond the ends of T becomes the end,
 * NaN the lower one. */
#define QUANTISE(T, least, most)                                                                     \
    INLINE void quantise_##T(const elements c, const float *restrict x, const float *restrict scale, \
                             const T *restrict zero, T *restrict out, int part, int parts)           \
    {                                                                                                \
        FOR_ELEMENTS (i) {                                                                           \
            const float rounded = rintf(x[row.a + i * STEP(a)] / scale[row.b + i * STEP(b)]);        \
            const float y = rounded + (float)zero[row.c + i * STEP(c)];                              \
            out[row.first + i] = (T)(y > least##.0f ? (y < most##.0f ? y : most##.0f) : least##.0f); \
        }                                                                                            \
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

/* cast.h - from one element type to another.
 *
 * Between integers, and from bool, the low bits are kept; a number that no float has becomes the nearest. A float loses its
 * fraction, and then all but the low bits; one that doesn't fit 64 bits (32 for smaller types), or is NaN, becomes the least
 * integer first. ONNX leaves open what becomes of it: this is what ONNX Runtime makes of it on x86-64.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_CAST_H
#define EDGE_CAST_H

#include "elements.h"

INLINE int32_t cast_to_int32(float x) { return x >= -0x1p31f && x < 0x1p31f ? (int32_t)x : INT32_MIN; }
INLINE int64_t cast_to_int64(float x) { return x >= -0x1p63f && x < 0x1p63f ? (int64_t)x : INT64_MIN; }

/* Make cast_FROM_TO, given the expression of an element `x`. */
#define CAST(FROM, TO, RESULT, expression)                                                                   \
    INLINE void cast_##FROM##_##TO(const elements c, const FROM *restrict a, RESULT *restrict out, int part, \
                                   int parts)                                                                \
    {                                                                                                        \
        FOR_ELEMENTS (i) {                                                                                   \
            const FROM x = a[row.a + i * STEP(a)];                                                           \
            out[row.first + i] = (RESULT)(expression);                                                       \
        }                                                                                                    \
    }

#define TO_BOOL(FROM) CAST(FROM, bool, uint8_t, x != 0)
#define TO_ALL(FROM)                  \
    CAST(FROM, float, float, x)       \
    CAST(FROM, int8_t, int8_t, x)     \
    CAST(FROM, uint8_t, uint8_t, x)   \
    CAST(FROM, int16_t, int16_t, x)   \
    CAST(FROM, uint16_t, uint16_t, x) \
    CAST(FROM, int32_t, int32_t, x)   \
    CAST(FROM, uint32_t, uint32_t, x) \
    CAST(FROM, int64_t, int64_t, x)
NUMBER_TYPES(TO_BOOL)
INTEGER_TYPES(TO_ALL)
CAST(float, int8_t, int8_t, cast_to_int32(x))
CAST(float, uint8_t, uint8_t, cast_to_int32(x))
CAST(float, int16_t, int16_t, cast_to_int32(x))
CAST(float, uint16_t, uint16_t, cast_to_int32(x))
CAST(float, int32_t, int32_t, cast_to_int32(x))
CAST(float, uint32_t, uint32_t, cast_to_int64(x))
CAST(float, int64_t, int64_t, cast_to_int64(x))
#undef TO_ALL
#undef TO_BOOL
#undef CAST

#endif

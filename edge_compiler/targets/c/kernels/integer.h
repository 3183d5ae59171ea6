/* integer.h - arithmetic of integers. What overflows keeps its low bits, on every processor.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_INTEGER_H
#define EDGE_INTEGER_H

#include "elements.h"

typedef enum { INTEGER_ADD, INTEGER_SUB, INTEGER_MUL, INTEGER_DIV, INTEGER_MAX, INTEGER_MIN } integer_op;
typedef enum { INTEGER_NEG, INTEGER_ABS } integer_function;

/* Sums and products of U, which is unsigned and no shorter than an int, don't overflow. No divisor is zero. */
#define INTEGER(T, U, quotient)                                                                                    \
    INLINE void integer_##T(const elements c, const T *restrict a, const T *restrict b, T *restrict out, int part, \
                            int parts)                                                                             \
    {                                                                                                              \
        FOR_ELEMENTS (i) {                                                                                         \
            const T x = a[row.a + i * STEP(a)], y = b[row.b + i * STEP(b)];                                        \
            const U u = (U)x, v = (U)y;                                                                            \
            out[row.first + i] = c.op == INTEGER_ADD   ? (T)(u + v)                                                \
                                 : c.op == INTEGER_SUB ? (T)(u - v)                                                \
                                 : c.op == INTEGER_MUL ? (T)(u * v)                                                \
                                 : c.op == INTEGER_DIV ? (T)(quotient)                                             \
                                 : c.op == INTEGER_MAX ? (x > y ? x : y)                                           \
                                                       : (x < y ? x : y);                                          \
        }                                                                                                          \
    }
#define SIGNED(T, U)                                                                                              \
    INTEGER(T, U, y == -1 ? (T)(0 - u) : x / y)                                                                   \
    INLINE void integer_function_##T(const elements c, const T *restrict a, T *restrict out, int part, int parts) \
    {                                                                                                             \
        FOR_ELEMENTS (i) {                                                                                        \
            const T x = a[row.a + i * STEP(a)];                                                                   \
            out[row.first + i] = c.op == INTEGER_NEG || x < 0 ? (T)(0 - (U)x) : x;                                \
        }                                                                                                         \
    }
SIGNED(int8_t, uint32_t)
SIGNED(int16_t, uint32_t)
SIGNED(int32_t, uint32_t)
SIGNED(int64_t, uint64_t)
INTEGER(uint8_t, uint32_t, x / y)
INTEGER(uint16_t, uint32_t, x / y)
INTEGER(uint32_t, uint32_t, x / y)
#undef SIGNED
#undef INTEGER

#endif

/* integer.h - arithmetic of integers. What overflows keeps its low bits, on every processor.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_INTEGER_H
#define EDGE_INTEGER_H

#include "elements.h"

typedef enum {
    INTEGER_ADD,
    INTEGER_SUB,
    INTEGER_MUL,
    INTEGER_DIV,
    INTEGER_MOD,  /* of the divisor's sign */
    INTEGER_REST, /* of the dividend's sign */
    INTEGER_MAX,
    INTEGER_MIN,
    INTEGER_AND,
    INTEGER_OR,
    INTEGER_XOR,
    INTEGER_LEFT,
    INTEGER_RIGHT
} integer_op;
typedef enum { INTEGER_NEG, INTEGER_ABS } integer_function;

/* Sums and products of U, which is unsigned and no shorter than an int, don't overflow. What is divided by zero, which a running
 * robot can't refuse, gives zero and itself as the rest, as on Arm. */
#define INTEGER(T, U, quotient, modulus)                                                                            \
    INLINE T integer_of_##T(integer_op op, T x, T y)                                                                \
    {                                                                                                               \
        const U u = (U)x, v = (U)y;                                                                                 \
        const T whole = op < INTEGER_DIV || op > INTEGER_REST || !y ? 0 : (T)(quotient);                            \
        const T rest = (T)(u - v * (U)whole);                                                                       \
        switch (op) {                                                                                               \
        case INTEGER_ADD: return (T)(u + v);                                                                        \
        case INTEGER_SUB: return (T)(u - v);                                                                        \
        case INTEGER_MUL: return (T)(u * v);                                                                        \
        case INTEGER_DIV: return whole;                                                                             \
        case INTEGER_MOD: return modulus;                                                                           \
        case INTEGER_REST: return rest;                                                                             \
        case INTEGER_MAX: return x > y ? x : y;                                                                     \
        case INTEGER_MIN: return x < y ? x : y;                                                                     \
        case INTEGER_AND: return x & y;                                                                             \
        case INTEGER_OR: return x | y;                                                                              \
        case INTEGER_XOR: return x ^ y;                                                                             \
        case INTEGER_LEFT: return v < 8 * sizeof(T) ? (T)(u << v) : 0;                                              \
        case INTEGER_RIGHT: return v < 8 * sizeof(T) ? (T)(u >> v) : 0;                                             \
        }                                                                                                           \
        return 0;                                                                                                   \
    }                                                                                                               \
    INLINE void integer_##T(const elements c, const T *restrict a, const T *restrict b, T *restrict out, int part,  \
                            int parts)                                                                              \
    {                                                                                                               \
        FOR_ELEMENTS (i) out[row.first + i] = integer_of_##T(c.op, a[row.a + i * STEP(a)], b[row.b + i * STEP(b)]); \
    }
#define SIGNED(T, U)                                                                                              \
    INTEGER(T, U, y == -1 ? (T)(0 - u) : x / y, rest != 0 && (rest < 0) != (y < 0) ? (T)(rest + y) : rest)        \
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
INTEGER(uint8_t, uint32_t, x / y, rest)
INTEGER(uint16_t, uint32_t, x / y, rest)
INTEGER(uint32_t, uint32_t, x / y, rest)
#undef SIGNED
#undef INTEGER

#endif

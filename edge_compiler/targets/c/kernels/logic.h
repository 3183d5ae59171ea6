/* logic.h - comparisons, operations on bools, and the choice between two tensors.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_LOGIC_H
#define EDGE_LOGIC_H

#include "elements.h"

typedef enum { IS_EQUAL, IS_GREATER, IS_GREATER_OR_EQUAL, IS_LESS, IS_LESS_OR_EQUAL } comparison;

#define COMPARE(T)                                                                                                   \
    INLINE void logic_compare_##T(const elements c, const T *restrict a, const T *restrict b, uint8_t *restrict out, \
                                  int part, int parts)                                                               \
    {                                                                                                                \
        FOR_ELEMENTS (i) {                                                                                           \
            const T x = a[row.a + i * STEP(a)], y = b[row.b + i * STEP(b)];                                          \
            out[row.first + i] = c.op == IS_EQUAL              ? x == y                                              \
                                 : c.op == IS_GREATER          ? x > y                                               \
                                 : c.op == IS_GREATER_OR_EQUAL ? x >= y                                              \
                                 : c.op == IS_LESS             ? x < y                                               \
                                                               : x <= y;                                             \
        }                                                                                                            \
    }
NUMBER_TYPES(COMPARE)
#undef COMPARE

typedef enum { LOGIC_AND, LOGIC_OR, LOGIC_XOR } logic_op;

INLINE void logic_run(const elements c, const uint8_t *restrict a, const uint8_t *restrict b, uint8_t *restrict out,
                      int part, int parts)
{
    FOR_ELEMENTS (i) {
        const uint8_t x = a[row.a + i * STEP(a)], y = b[row.b + i * STEP(b)];
        out[row.first + i] = c.op == LOGIC_AND ? x & y : c.op == LOGIC_OR ? x | y : x ^ y;
    }
}

INLINE void logic_not_run(const elements c, const uint8_t *restrict a, uint8_t *restrict out, int part, int parts)
{
    FOR_ELEMENTS (i) out[row.first + i] = !a[row.a + i * STEP(a)];
}

INLINE void logic_is_nan(const elements c, const float *restrict a, uint8_t *restrict out, int part, int parts)
{
    FOR_ELEMENTS (i) out[row.first + i] = a[row.a + i * STEP(a)] != a[row.a + i * STEP(a)];
}

enum { INFINITE_ABOVE = 1, INFINITE_BELOW = 2 };

/* Whether elements are infinite, of the signs that are asked for. */
INLINE void logic_is_infinite(const elements c, const float *restrict a, uint8_t *restrict out, int part, int parts)
{
    FOR_ELEMENTS (i) {
        const float x = a[row.a + i * STEP(a)];
        out[row.first + i] = (x == INFINITY && c.op & INFINITE_ABOVE) || (x == -INFINITY && c.op & INFINITE_BELOW);
    }
}

/* out = a ? b : c */
#define WHERE(T)                                                                                            \
    INLINE void logic_where_##T(const elements c, const uint8_t *restrict condition, const T *restrict yes, \
                                const T *restrict no, T *restrict out, int part, int parts)                 \
    {                                                                                                       \
        FOR_ELEMENTS (i) {                                                                                  \
            const T x = yes[row.b + i * STEP(b)], y = no[row.c + i * STEP(c)];                              \
            out[row.first + i] = condition[row.a + i * STEP(a)] ? x : y;                                    \
        }                                                                                                   \
    }
NUMBER_TYPES(WHERE)
#undef WHERE

#endif

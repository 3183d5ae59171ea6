/* select.h - elements by their indices, and the indices of the largest or smallest elements.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_SELECT_H
#define EDGE_SELECT_H

#include "elements.h"

typedef struct {
    int outer, length; /* dimensions before the axis, and along it */
    int count;         /* of indices */
    int bytes;         /* behind an index */
} gather;

/* Copy what lies at each index. A negative index counts from the end; one beyond either end is taken for the last on that
 * side, so that nothing else is ever read. */
#define GATHER(T)                                                                                                   \
    INLINE void select_gather_##T(const gather c, const void *in, const T *indices, void *out, int part, int parts) \
    {                                                                                                               \
        assert(c.length >= 1 || !c.count);                                                                          \
        pieces todo = work_share_in_order(c.outer, c.count, part, parts);                                           \
        while (work_next_piece(&todo)) {                                                                            \
            const T given = indices[todo.inner], index = given < 0 ? given + c.length : given;                      \
            const int at = index < 0 ? 0 : index < c.length ? (int)index : c.length - 1;                            \
            memcpy((char *)out + ((size_t)todo.outer * c.count + todo.inner) * c.bytes,                             \
                   (const char *)in + ((size_t)todo.outer * c.length + at) * c.bytes, c.bytes);                     \
        }                                                                                                           \
    }
GATHER(int32_t)
GATHER(int64_t)
#undef GATHER

typedef struct {
    int outer, length, inner; /* dimensions before the axis, along it, and behind it */
    int smallest;             /* ArgMin */
    int last;                 /* of equal elements, the last index */
} arg_extreme;

enum { ARG_TILE = 64 };

/* Find the index of the extreme element along an axis, for some neighbouring inner indices at once. What can't be compared, a
 * NaN, is never better and never bettered. */
#define ARG_EXTREME(T)                                                                                             \
    INLINE void select_arg_extreme_##T(const arg_extreme c, const T *restrict in, int64_t *restrict out, int part, \
                                       int parts)                                                                  \
    {                                                                                                              \
        assert(c.length >= 1);                                                                                     \
        pieces todo = work_share_in_order(c.outer, (c.inner + ARG_TILE - 1) / ARG_TILE, part, parts);              \
        while (work_next_piece(&todo)) {                                                                           \
            const int first = todo.inner * ARG_TILE, count = work_clamp(c.inner - first, 0, ARG_TILE);             \
            const T *p = in + (size_t)todo.outer * c.length * c.inner + first;                                     \
            T best[ARG_TILE];                                                                                      \
            int32_t index[ARG_TILE];                                                                               \
            for (int i = 0; i < count; i++) best[i] = p[i], index[i] = 0;                                          \
            for (int k = 1; k < c.length; k++) {                                                                   \
                p += c.inner;                                                                                      \
                for (int i = 0; i < count; i++) {                                                                  \
                    const T x = p[i], y = best[i];                                                                 \
                    const int better = (c.smallest ? x < y : x > y) | (c.last & (x == y));                         \
                    index[i] = better ? k : index[i];                                                              \
                    best[i] = better ? x : y;                                                                      \
                }                                                                                                  \
            }                                                                                                      \
            for (int i = 0; i < count; i++) out[(size_t)todo.outer * c.inner + first + i] = index[i];              \
        }                                                                                                          \
    }
NUMBER_TYPES(ARG_EXTREME)
#undef ARG_EXTREME

#endif

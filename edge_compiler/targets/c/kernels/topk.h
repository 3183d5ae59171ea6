/* topk.h - the indices of the largest or smallest elements along an axis, the best first.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_TOPK_H
#define EDGE_TOPK_H

#include "elements.h"

typedef struct {
    int outer, length, inner; /* dimensions before the axis, along it, and behind it */
    int count;                /* of the best ones that are wanted */
    int smallest;
} topk;

/* Of equal elements the first is better. The indices that are wanted are kept as a heap, where they shall stand in the end: no
 * element is better than those below it, so the worst is on top and makes room for a better one. At last the worst goes to
 * the end, again and again. */
#define TOPK(T)                                                                                                \
    INLINE int topk_is_better_##T(const topk c, const T *in, int64_t i, int64_t k)                             \
    {                                                                                                          \
        const T x = in[i * c.inner], y = in[k * c.inner];                                                      \
        return (c.smallest ? x < y : x > y) || (x == y && i < k);                                              \
    }                                                                                                          \
    INLINE void topk_sink_##T(const topk c, const T *in, int64_t *heap, int count, int64_t index)              \
    {                                                                                                          \
        int at = 0;                                                                                            \
        for (int below = 1; below < count; below = 2 * at + 1) {                                               \
            if (below + 1 < count &&                                                                           \
                topk_is_better_##T(c, in, heap[(size_t)below * c.inner], heap[(size_t)(below + 1) * c.inner])) \
                below++;                                                                                       \
            if (!topk_is_better_##T(c, in, index, heap[(size_t)below * c.inner]))                              \
                break;                                                                                         \
            heap[(size_t)at * c.inner] = heap[(size_t)below * c.inner];                                        \
            at = below;                                                                                        \
        }                                                                                                      \
        heap[(size_t)at * c.inner] = index;                                                                    \
    }                                                                                                          \
    INLINE void topk_##T(const topk c, const T *in, int64_t *out, int part, int parts)                         \
    {                                                                                                          \
        assert(c.count <= c.length);                                                                           \
        const range todo = work_share(c.outer * c.inner, part, parts);                                         \
        for (int line = todo.first; line < todo.last; line++) {                                                \
            const T *x = in + (size_t)(line / c.inner) * c.length * c.inner + line % c.inner;                  \
            int64_t *heap = out + (size_t)(line / c.inner) * c.count * c.inner + line % c.inner;               \
            int held = 0;                                                                                      \
            for (; held < c.count; held++) { /* rise above the better ones */                                  \
                int at = held;                                                                                 \
                for (; at > 0; at = (at - 1) / 2) {                                                            \
                    const int64_t above = heap[(size_t)((at - 1) / 2) * c.inner];                              \
                    if (!topk_is_better_##T(c, x, above, held))                                                \
                        break;                                                                                 \
                    heap[(size_t)at * c.inner] = above;                                                        \
                }                                                                                              \
                heap[(size_t)at * c.inner] = held;                                                             \
            }                                                                                                  \
            for (int64_t i = held; i < c.length; i++)                                                          \
                if (topk_is_better_##T(c, x, i, heap[0]))                                                      \
                    topk_sink_##T(c, x, heap, held, i);                                                        \
            while (--held > 0) {                                                                               \
                const int64_t worst = heap[0];                                                                 \
                topk_sink_##T(c, x, heap, held, heap[(size_t)held * c.inner]);                                 \
                heap[(size_t)held * c.inner] = worst;                                                          \
            }                                                                                                  \
        }                                                                                                      \
    }
NUMBER_TYPES(TOPK)
#undef TOPK

#endif

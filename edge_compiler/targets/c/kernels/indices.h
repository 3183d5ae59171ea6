/* indices.h - elements that computed indices name: taken one by one, or replaced.
 *
 * A negative index counts from the end. One beyond either end is taken for the last on that side, so that nothing else is
 * ever read or written.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_INDICES_H
#define EDGE_INDICES_H

#include "elements.h"

/* Return an index below `length`, given one of int64_t or int32_t. */
INLINE int indices_at(const void *indices, int wide, size_t number, int length)
{
    const int64_t given = wide ? ((const int64_t *)indices)[number] : ((const int32_t *)indices)[number];
    const int64_t index = given < 0 ? given + length : given;
    return index < 0 ? 0 : index < length ? (int)index : length - 1;
}

/* How indices name elements of a row-major value. */
typedef struct {
    int wide; /* indices are int64_t */
    int bytes;
    /* GatherElements, ScatterElements: each index is one along an axis */
    int shape[MAX_RANK], steps[MAX_RANK]; /* of the indices; elements of the value along each axis, 0 along that one */
    int length, step;                     /* of that axis */
    /* GatherND, ScatterND: tuples of indices name slices */
    int batches, tuples, depth; /* tuples of a batch; indices of a tuple */
    int lengths[MAX_RANK];      /* that the indices of a tuple are below */
    int slice, batch;           /* elements of a slice, and from one batch to the next */
} indexed;

INLINE int indices_count(const indexed c)
{
    int count = 1;
    for (int d = 0; d < MAX_RANK; d++) count *= c.shape[d];
    return count;
}

/* Return where the element lies that index number `i` names. */
INLINE size_t indices_element(const indexed c, const void *index, int i)
{
    return work_place(i, MAX_RANK, c.shape, c.steps) + (size_t)indices_at(index, c.wide, i, c.length) * c.step;
}

/* Return where the slice begins that tuple number `i` names. */
INLINE size_t indices_slice(const indexed c, const void *index, int i)
{
    size_t at = 0;
    for (int k = 0; k < c.depth; k++)
        at = at * c.lengths[k] + indices_at(index, c.wide, (size_t)i * c.depth + k, c.lengths[k]);
    return (size_t)(i / c.tuples) * c.batch + at * c.slice;
}

INLINE void indices_gather(const indexed c, const void *in, const void *index, void *out, int part, int parts)
{
    const range todo = work_share(indices_count(c), part, parts);
    for (int i = todo.first; i < todo.last; i++)
        memcpy((char *)out + (size_t)i * c.bytes, (const char *)in + indices_element(c, index, i) * c.bytes, c.bytes);
}

INLINE void indices_gather_slices(const indexed c, const void *in, const void *index, void *out, int part, int parts)
{
    const range todo = work_share(c.batches * c.tuples, part, parts);
    const size_t bytes = (size_t)c.slice * c.bytes;
    for (int i = todo.first; i < todo.last; i++)
        memcpy((char *)out + i * bytes, (const char *)in + indices_slice(c, index, i) * c.bytes, bytes);
}

typedef enum { SCATTER_NONE, SCATTER_ADD, SCATTER_MUL, SCATTER_MAX, SCATTER_MIN } scatter_how;

typedef struct {
    indexed at;
    scatter_how how;
} scatter;

/* Replace elements of `out`, which holds the rest already, or combine them with others. In order, as an element may be named
 * several times, so by one thread. U is unsigned and no shorter than an int, or float: it doesn't overflow. */
#define SCATTER(T, U)                                                                                               \
    INLINE T indices_combine_##T(scatter_how how, T x, T y)                                                         \
    {                                                                                                               \
        switch (how) {                                                                                              \
        case SCATTER_NONE: return y;                                                                                \
        case SCATTER_ADD: return (T)((U)x + (U)y);                                                                  \
        case SCATTER_MUL: return (T)((U)x * (U)y);                                                                  \
        case SCATTER_MAX: return x > y ? x : y;                                                                     \
        case SCATTER_MIN: return x < y ? x : y;                                                                     \
        }                                                                                                           \
        return y;                                                                                                   \
    }                                                                                                               \
    INLINE void indices_scatter_##T(const scatter c, const void *index, const T *more, T *out, int part, int parts) \
    {                                                                                                               \
        (void)parts;                                                                                                \
        for (int i = 0; part == 0 && i < indices_count(c.at); i++) {                                                \
            T *to = out + indices_element(c.at, index, i);                                                          \
            *to = indices_combine_##T(c.how, *to, more[i]);                                                         \
        }                                                                                                           \
    }                                                                                                               \
    INLINE void indices_scatter_slices_##T(const scatter c, const void *index, const T *more, T *out, int part,     \
                                           int parts)                                                               \
    {                                                                                                               \
        (void)parts;                                                                                                \
        for (int i = 0; part == 0 && i < c.at.batches * c.at.tuples; i++) {                                         \
            T *to = out + indices_slice(c.at, index, i);                                                            \
            for (int k = 0; k < c.at.slice; k++)                                                                    \
                to[k] = indices_combine_##T(c.how, to[k], more[(size_t)i * c.at.slice + k]);                        \
        }                                                                                                           \
    }
SCATTER(float, float)
SCATTER(int8_t, uint32_t)
SCATTER(uint8_t, uint32_t)
SCATTER(int16_t, uint32_t)
SCATTER(uint16_t, uint32_t)
SCATTER(int32_t, uint32_t)
SCATTER(uint32_t, uint32_t)
SCATTER(int64_t, uint64_t)
#undef SCATTER

#endif

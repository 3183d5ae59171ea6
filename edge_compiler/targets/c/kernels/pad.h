/* pad.h - a tensor with more around it: a constant, or elements of its own.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_PAD_H
#define EDGE_PAD_H

#include "work.h"

typedef enum { PAD_CONSTANT, PAD_EDGE, PAD_REFLECT, PAD_WRAP } pad_mode;

typedef struct {
    pad_mode mode;
    int shape[MAX_RANK], size[MAX_RANK]; /* of the result and of the input; leading dimensions are 1 */
    int before[MAX_RANK];                /* elements of the result before the input's first one */
    int in[MAX_RANK], out[MAX_RANK];     /* elements from one to the next along each axis */
    int bytes;                           /* of an element */
} pad;

/* The input's index for `i` along an axis of so many elements, of which those below 0 and from `size` on are padding; -1:
 * there the constant stands. */
INLINE int pad_index(pad_mode mode, int i, int size)
{
    if (i >= 0 && i < size)
        return i;
    if (mode == PAD_CONSTANT)
        return -1;
    if (mode == PAD_EDGE || size == 1)
        return i < 0 ? 0 : size - 1;
    const int period = mode == PAD_WRAP ? size : 2 * (size - 1), place = (i % period + period) % period;
    return place < size ? place : period - place;
}

/* Copy `count` elements of a row of the result, from column `first` on: from the input's row, or the constant if there is
 * none. */
INLINE void pad_columns(const pad c, const char *in, const char *constant, char *out, int first, int count)
{
    for (int x = first; x < first + count; x++) {
        const int column = in ? pad_index(c.mode, x - c.before[MAX_RANK - 1], c.size[MAX_RANK - 1]) : -1;
        const char *from = column < 0 ? constant : in + (ptrdiff_t)column * c.in[MAX_RANK - 1] * c.bytes;
        memcpy(out + (ptrdiff_t)x * c.out[MAX_RANK - 1] * c.bytes, from, c.bytes);
    }
}

INLINE void pad_run(const pad c, const void *in, const void *constant, void *out, int part, int parts)
{
    enum { LAST = MAX_RANK - 1 };
    int rows = 1;
    for (int axis = 0; axis < LAST; axis++) rows *= c.shape[axis];
    const int inside = c.in[LAST] == 1 && c.out[LAST] == 1 ? c.size[LAST] : 0; /* so many are copied at once */
    assert(c.before[LAST] >= 0 && c.before[LAST] + inside <= c.shape[LAST]);
    const range todo = work_share(rows, part, parts);
    for (int row = todo.first; row < todo.last; row++) {
        const char *from = in;
        char *to = (char *)out + work_place(row, LAST, c.shape, c.out) * c.bytes;
        for (int axis = LAST - 1, number = row; axis >= 0; number /= c.shape[axis], axis--) {
            const int index = pad_index(c.mode, number % c.shape[axis] - c.before[axis], c.size[axis]);
            from = from && index >= 0 ? from + (ptrdiff_t)index * c.in[axis] * c.bytes : NULL;
        }
        const int before = c.before[LAST], copied = from ? inside : 0;
        pad_columns(c, from, constant, to, 0, before);
        if (copied)
            memcpy(to + (size_t)before * c.bytes, from, (size_t)copied * c.bytes);
        pad_columns(c, from, constant, to, before + copied, c.shape[LAST] - before - copied);
    }
}

#endif

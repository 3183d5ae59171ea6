/* plain_moves.h - copies and constants.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_PLAIN_MOVES_H
#define EDGE_PLAIN_MOVES_H

#include "plain.h"

typedef struct {
    int shape[PLAIN_AXES], in[PLAIN_AXES], out[PLAIN_AXES], bytes;
} strided_copy;

static inline void copy_strided_run(const strided_copy c, const float *in, float *out, int part, int parts)
{
    PLAIN_SHARE(i, plain_size(c.shape))
    {
        const ptrdiff_t from = (ptrdiff_t)plain_place(c.shape, c.in, (size_t)i);
        out[(ptrdiff_t)plain_place(c.shape, c.out, (size_t)i)] = in[from];
    }
}

typedef struct {
    int count;
    float value;
} plain_fill;

static inline void plain_fill_run(const plain_fill c, float *out, int part, int parts)
{
    PLAIN_SHARE(i, c.count) out[i] = c.value;
}

#endif

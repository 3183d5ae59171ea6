/* resize.h - change of an image's size, from tables that the generator makes for the exact coordinate rule of the model.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_RESIZE_H
#define EDGE_RESIZE_H

#include "work.h"

/* One output row or column: between input `first` and `second`, the latter with weight `fraction`. */
typedef struct {
    int16_t first, second;
    float fraction;
} resize_tap;

typedef struct {
    int blocks, out_h, out_w, in_plane, in_row, out_plane, out_row, linear;
} resize;

INLINE void resize_run(const resize c, const resize_tap *rows, const resize_tap *columns, const float *in, float *out,
                       int part, int parts)
{
    pieces todo = share_rows(c.blocks, c.out_h, part, parts);
    while (next_piece(&todo)) {
        const resize_tap row = rows[todo.inner];
        const float *image = in + (size_t)todo.outer * c.in_plane;
        const float *top = image + row.first * c.in_row, *bottom = image + row.second * c.in_row;
        float *line = out + (size_t)todo.outer * c.out_plane + todo.inner * c.out_row;
        for (int x = 0; x < c.out_w; x++)
            UNROLLED_FOR (int v = 0; v < BLOCK; v += LANES) {
                const int left = columns[x].first * BLOCK + v, right = columns[x].second * BLOCK + v;
                vec result = load(top + left);
                if (c.linear) { /* weights, not differences: of an infinite neighbour the result is infinite, not NaN */
                    const float f = columns[x].fraction;
                    const vec upper = (1.0f - f) * result + f * load(top + right);
                    const vec lower = (1.0f - f) * load(bottom + left) + f * load(bottom + right);
                    result = (1.0f - row.fraction) * upper + row.fraction * lower;
                }
                store(line + x * BLOCK + v, result);
            }
    }
}

#endif

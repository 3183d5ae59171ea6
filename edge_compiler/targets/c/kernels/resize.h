/* resize.h - change of a tensor's size, from tables that the generator makes for the exact coordinate rule of the model.
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

/* Both sides of an image in blocks, each pixel from four at most. */
INLINE void resize_run(const resize c, const resize_tap *rows, const resize_tap *columns, const float *in, float *out,
                       int part, int parts)
{
    pieces todo = work_share_rows(c.blocks, c.out_h, part, parts);
    while (work_next_piece(&todo)) {
        const resize_tap row = rows[todo.inner];
        const float *image = in + (size_t)todo.outer * c.in_plane;
        const float *top = image + row.first * c.in_row, *bottom = image + row.second * c.in_row;
        float *line = out + (size_t)todo.outer * c.out_plane + todo.inner * c.out_row;
        for (int x = 0; x < c.out_w; x++)
            UNROLLED_FOR (int v = 0; v < BLOCK; v += LANES) {
                const int left = columns[x].first * BLOCK + v, right = columns[x].second * BLOCK + v;
                vec result = vec_load(top + left);
                if (c.linear) { /* weights, not differences: of an infinite neighbour the result is infinite, not NaN */
                    const float f = columns[x].fraction;
                    const vec upper = (1.0f - f) * result + f * vec_load(top + right);
                    const vec lower = (1.0f - f) * vec_load(bottom + left) + f * vec_load(bottom + right);
                    result = (1.0f - row.fraction) * upper + row.fraction * lower;
                }
                vec_store(line + x * BLOCK + v, result);
            }
    }
}

/* One output index: `count` input indices from `first` on; 0: it lies outside. Their weights begin at `weights`. */
typedef struct {
    int first, count, weights;
} resize_window;

typedef struct {
    int planes, lines;                          /* each line is resized by itself */
    int in_plane, out_plane, in_line, out_line; /* floats from one to the next */
    int length, in_step, out_step;              /* of the result along the axis, and floats from index to index */
    int inner;                                  /* floats at an index that follow each other */
    float outside;                              /* what stands where the input has nothing */
} resize_axis;

/* One axis of a tensor in any layout. */
INLINE void resize_axis_run(const resize_axis c, const resize_window *windows, const float *weights, const float *in,
                            float *out, int part, int parts)
{
    pieces todo = work_share_in_order(c.planes * c.lines, c.length, part, parts);
    while (work_next_piece(&todo)) {
        const int plane = todo.outer / c.lines, line = todo.outer % c.lines;
        const resize_window w = windows[todo.inner];
        const float *from = in + (size_t)plane * c.in_plane + line * c.in_line + w.first * c.in_step;
        float *to = out + (size_t)plane * c.out_plane + line * c.out_line + todo.inner * c.out_step;
        for (int x = 0; x < c.inner; x += LANES) {
            vec sum = vec_splat(w.count ? 0.0f : c.outside);
            for (int k = 0; k < w.count; k++)
                sum += weights[w.weights + k] * vec_load_some(from + k * c.in_step + x, c.inner - x);
            vec_store_some(to + x, sum, c.inner - x);
        }
    }
}

#endif

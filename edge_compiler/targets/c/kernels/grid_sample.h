/* grid_sample.h - an image sampled where another tensor says, as spatial transformers and optical flow do.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_GRID_SAMPLE_H
#define EDGE_GRID_SAMPLE_H

#include <math.h>

#include "work.h"

typedef enum { GRID_NEAREST, GRID_LINEAR, GRID_CUBIC } grid_mode;
typedef enum { GRID_ZEROS, GRID_BORDER, GRID_REFLECTION } grid_padding;

typedef struct {
    grid_mode mode;
    grid_padding padding;
    int align_corners; /* -1 and 1 are the centres of the outermost pixels, not their outer edges */
    int blocks, in_h, in_w, in_plane, in_row, out_h, out_w, out_plane, out_row;
} grid_sample;

enum { GRID_TAPS = 4 };

/* What a sample reads along one axis: so many pixels, each with its weight; -1: nothing. */
typedef struct {
    int count, index[GRID_TAPS];
    float weight[GRID_TAPS];
} grid_sample_taps;

/* A place as far inside of [low, high] as it was outside, and back again at the other end. */
INLINE float grid_sample_reflect(float x, float low, float high)
{
    const float span = high - low, outside = x < low ? low - x : x - high;
    if (x >= low && x <= high)
        return x;
    if (!(span > 0.0f))
        return low;
    const float turns = floorf(outside / span), rest = outside - turns * span;
    const int even = turns * 0.5f == floorf(turns * 0.5f);
    return (x < low) == even ? low + rest : high - rest;
}

/* The weight of a pixel so far away: R. G. Keys, "Cubic convolution interpolation for digital image processing", 1981. */
INLINE float grid_sample_cubic(float d)
{
    const float a = -0.75f;
    return d <= 1.0f ? ((a + 2.0f) * d - (a + 3.0f)) * d * d + 1.0f
                     : ((a * d - 5.0f * a) * d + 8.0f * a) * d - 4.0f * a;
}

INLINE grid_sample_taps grid_sample_axis(const grid_sample c, float place, int size)
{
    const float low = c.align_corners ? 0.0f : -0.5f, high = (float)size - (c.align_corners ? 1.0f : 0.5f);
    float x =
        c.align_corners ? (place + 1.0f) / 2.0f * (float)(size - 1) : ((place + 1.0f) * (float)size - 1.0f) / 2.0f;
    x = x > -1e9f ? x < 1e9f ? x : 1e9f : -1e9f; /* what is no number, too */
    if (c.mode == GRID_NEAREST)
        x = nearbyintf(x);
    if (c.padding == GRID_REFLECTION)
        x = grid_sample_reflect(x, low, high);
    const float below = floorf(x);
    const int first = (int)below - (c.mode == GRID_CUBIC);
    grid_sample_taps taps = {c.mode == GRID_NEAREST ? 1 : c.mode == GRID_LINEAR ? 2 : 4, {0}, {0}};
    for (int k = 0; k < taps.count; k++) {
        int i = first + k;
        taps.weight[k] = c.mode == GRID_NEAREST ? 1.0f
                         : c.mode == GRID_CUBIC ? grid_sample_cubic(fabsf((float)i - x))
                         : k                    ? x - below
                                                : 1.0f - (x - below);
        if (c.padding == GRID_REFLECTION)
            i = (int)grid_sample_reflect((float)i, low, high);
        taps.index[k] = c.padding != GRID_ZEROS ? work_clamp(i, 0, size - 1) : i >= 0 && i < size ? i : -1;
    }
    return taps;
}

/* `grid` has the column and the row of each output pixel, from -1 to 1 over the image. */
INLINE void grid_sample_run(const grid_sample c, const float *in, const float *grid, float *out, int part, int parts)
{
    assert(c.in_h > 0 && c.in_w > 0);
    const range todo = work_share(c.out_h * c.out_w, part, parts);
    for (int pixel = todo.first; pixel < todo.last; pixel++) {
        const grid_sample_taps columns = grid_sample_axis(c, grid[2 * pixel], c.in_w),
                               rows = grid_sample_axis(c, grid[2 * pixel + 1], c.in_h);
        int offset[GRID_TAPS * GRID_TAPS], count = 0;
        float weight[GRID_TAPS * GRID_TAPS];
        for (int i = 0; i < rows.count; i++)
            for (int j = 0; j < columns.count; j++)
                if (rows.index[i] >= 0 && columns.index[j] >= 0) {
                    offset[count] = rows.index[i] * c.in_row + columns.index[j] * BLOCK;
                    weight[count++] = rows.weight[i] * columns.weight[j];
                }
        float *to = out + pixel / c.out_w * c.out_row + pixel % c.out_w * BLOCK;
        for (int block = 0; block < c.blocks; block++)
            for (int v = 0; v < BLOCK; v += LANES) {
                vec sum = vec_splat(0.0f);
                for (int i = 0; i < count; i++)
                    sum += weight[i] * vec_load(in + (size_t)block * c.in_plane + offset[i] + v);
                vec_store(to + (size_t)block * c.out_plane + v, sum);
            }
    }
}

#endif

/* pool.h - max, average and global average pooling of blocked images.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_POOL_H
#define EDGE_POOL_H

#include <math.h>

#include "activation.h"
#include "work.h"

typedef enum { POOL_MAX, POOL_AVERAGE } pool_kind;

typedef struct {
    pool_kind kind;
    int blocks, in_h, in_w, in_plane, in_row;
    int kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
    int out_h, out_w, out_plane, out_row;
    int padded_h, padded_w; /* in_h + both pads: an average that counts padding divides by the window inside it */
    int count_include_pad;
} pool;

/* Pool the window whose first input pixel is (y, x); taps outside of the image are left out. */
INLINE void pool_pixel(const pool c, const float *image, const int y, const int x, const int inside, float *out)
{
    vec sum[VECTORS], largest[VECTORS];
    UNROLLED_FOR (int v = 0; v < VECTORS; v++) sum[v] = vec_splat(0.0f), largest[v] = vec_splat(-INFINITY);
    int taps = 0;
    for (int ky = 0; ky < c.kernel_h; ky++)
        for (int kx = 0; kx < c.kernel_w; kx++) {
            const int yy = y + ky * c.dilation_h, xx = x + kx * c.dilation_w;
            if (!inside && (yy < 0 || yy >= c.in_h || xx < 0 || xx >= c.in_w))
                continue;
            const float *p = image + yy * c.in_row + xx * BLOCK;
            vec tap[VECTORS];
            vec_load_block(p, tap);
            UNROLLED_FOR (int v = 0; v < VECTORS; v++) {
                sum[v] += tap[v];
                largest[v] = vec_max(largest[v], tap[v]);
            }
            taps++;
        }
    if (c.kind == POOL_AVERAGE) {
        if (c.count_include_pad) {
            const int bottom = y + c.kernel_h * c.dilation_h, right = x + c.kernel_w * c.dilation_w;
            const int end_y = c.padded_h - c.pad_top, end_x = c.padded_w - c.pad_left;
            taps = ((bottom < end_y ? bottom : end_y) - y + c.dilation_h - 1) / c.dilation_h *
                   (((right < end_x ? right : end_x) - x + c.dilation_w - 1) / c.dilation_w);
        }
        UNROLLED_FOR (int v = 0; v < VECTORS; v++) vec_store(out + v * LANES, sum[v] * (1.0f / (float)taps));
    } else { /* the sum tells of a NaN, which vec_max() forgets when other numbers follow */
        UNROLLED_FOR (int v = 0; v < VECTORS; v++)
            vec_store(out + v * LANES, MAX_KEEPS_NAN ? largest[v] : vec_select(sum[v] == sum[v], largest[v], sum[v]));
    }
}

INLINE void pool_run(const pool c, const float *in, float *out, int part, int parts)
{
    assert(c.kernel_h >= 1 && c.kernel_w >= 1 && c.stride_w >= 1 && c.dilation_h >= 1 && c.dilation_w >= 1);
    pieces todo = work_share_rows(c.blocks, c.out_h, part, parts);
    /* columns from `first` to `last` have their whole window inside of the image */
    const int first = (c.pad_left + c.stride_w - 1) / c.stride_w;
    const int reach = c.in_w + c.pad_left - ((c.kernel_w - 1) * c.dilation_w + 1);
    const int last = work_clamp(reach < 0 ? 0 : reach / c.stride_w + 1, 0, c.out_w);
    while (work_next_piece(&todo)) {
        const int row = todo.inner, y = row * c.stride_h - c.pad_top;
        const float *image = in + (size_t)todo.outer * c.in_plane;
        float *line = out + (size_t)todo.outer * c.out_plane + row * c.out_row;
        const int inside = y >= 0 && y + (c.kernel_h - 1) * c.dilation_h < c.in_h;
        int x = 0;
        if (inside) {
            for (; x < first && x < c.out_w; x++)
                pool_pixel(c, image, y, x * c.stride_w - c.pad_left, 0, line + x * BLOCK);
            for (; x < last; x++) pool_pixel(c, image, y, x * c.stride_w - c.pad_left, 1, line + x * BLOCK);
        }
        for (; x < c.out_w; x++) pool_pixel(c, image, y, x * c.stride_w - c.pad_left, 0, line + x * BLOCK);
    }
}

typedef struct {
    int blocks, in_h, in_w, in_plane, in_row, out_plane;
} global_average;

INLINE void pool_global_average_run(const global_average c, const float *in, float *out, int part, int parts)
{
    const range todo = work_share(c.blocks, part, parts);
    for (int i = todo.first; i < todo.last; i++) {
        vec sum[VECTORS];
        UNROLLED_FOR (int v = 0; v < VECTORS; v++) sum[v] = vec_splat(0.0f);
        for (int y = 0; y < c.in_h; y++)
            for (int x = 0; x < c.in_w; x++)
                UNROLLED_FOR (int v = 0; v < VECTORS; v++)
                    sum[v] += vec_load(in + (size_t)i * c.in_plane + y * c.in_row + x * BLOCK + v * LANES);
        UNROLLED_FOR (int v = 0; v < VECTORS; v++)
            vec_store(out + (size_t)i * c.out_plane + v * LANES, sum[v] * (1.0f / (float)(c.in_h * c.in_w)));
    }
}

#endif

/* depthwise.h - depthwise convolution: each channel with its own kernel.
 *
 * A row of `pixels` results is held in registers, so that each weight is loaded once for all of them.
 * Weights: [block][kernel row][kernel column][16 channels].
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_DEPTHWISE_H
#define EDGE_DEPTHWISE_H

#include "activation.h"
#include "work.h"

typedef struct {
    int out_blocks, in_plane, in_row;
    int kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w;
    int out_h, out_w, out_plane, out_row;
    int out_pixel; /* see conv.h */
    int residual_plane, residual_row, has_residual;
    activation act;
    int pixels;
} depthwise;

enum { DEPTHWISE_MAX_PIXELS = 16, DEPTHWISE_MAX_COLUMNS = 5 };

/* Add the products of one row of the kernel: weight by weight ... */
INLINE void depthwise_weights(const depthwise c, const int pixels, const float *restrict x, const float *restrict w,
                              vec *sum)
{
    for (int kx = 0; kx < c.kernel_w; kx++) {
        const vec weight = vec_load(w + kx * BLOCK);
        UNROLLED_FOR (int p = 0; p < pixels; p++)
            sum[p] += weight * vec_load(x + (p * c.stride_w + kx * c.dilation_w) * BLOCK);
    }
}

/* ... or input pixel by input pixel, each of which several results need. */
INLINE void depthwise_columns(const depthwise c, const int pixels, const float *restrict x, const float *restrict w,
                              vec *sum)
{
    const int columns = (pixels - 1) * c.stride_w + (c.kernel_w - 1) * c.dilation_w + 1;
    vec weight[DEPTHWISE_MAX_COLUMNS];
    UNROLLED_FOR (int kx = 0; kx < c.kernel_w; kx++) weight[kx] = vec_load(w + kx * BLOCK);
    UNROLLED_FOR (int i = 0; i < columns; i++) {
        const vec input = vec_load(x + i * BLOCK);
        UNROLLED_FOR (int kx = 0; kx < c.kernel_w; kx++) {
            const int from_first = i - kx * c.dilation_w, p = from_first / c.stride_w;
            if (from_first >= 0 && from_first % c.stride_w == 0 && p < pixels)
                sum[p] += weight[kx] * input;
        }
    }
}

/* The sums of a row of pixels. */
INLINE void depthwise_sums(const depthwise c, const int pixels, const float *restrict x, const float *restrict w,
                           const float *restrict b, vec *sum)
{
    UNROLLED_FOR (int p = 0; p < pixels; p++) sum[p] = vec_load(b);
    for (int ky = 0; ky < c.kernel_h; ky++, w += c.kernel_w * BLOCK) {
        const float *row = x + ky * c.dilation_h * c.in_row;
        if (MEMORY_OPERANDS || c.kernel_w > DEPTHWISE_MAX_COLUMNS)
            depthwise_weights(c, pixels, row, w, sum);
        else
            depthwise_columns(c, pixels, row, w, sum);
    }
}

INLINE void depthwise_tile(const depthwise c, const int pixels, const float *restrict x, const float *restrict w,
                           const float *restrict b, float *restrict y, const float *restrict r)
{
    vec sum[DEPTHWISE_MAX_PIXELS];
    depthwise_sums(c, pixels, x, w, b, sum);
    UNROLLED_FOR (int p = 0; p < pixels; p++) {
        vec result = sum[p];
        if (c.has_residual)
            result += vec_load(r + p * BLOCK);
        vec_store(y + p * c.out_pixel, activation_apply(c.act, result));
    }
}

INLINE void depthwise_run(const depthwise c, const float *x, const float *w, const float *b, float *y, const float *r,
                          int part, int parts)
{
    assert(c.pixels >= 1 && c.pixels <= DEPTHWISE_MAX_PIXELS);
    pieces todo = work_share_rows(c.out_blocks, c.out_h, part, parts);
    const int whole = c.out_w / c.pixels * c.pixels;
    while (work_next_piece(&todo)) {
        const int block = todo.outer, row = todo.inner;
        for (int v = 0; v < BLOCK; v += LANES) {
            const float *xx = x + (size_t)block * c.in_plane + row * c.stride_h * c.in_row + v;
            const float *ww = w + block * c.kernel_h * c.kernel_w * BLOCK + v, *bb = b + block * BLOCK + v;
            float *yy = y + (size_t)block * c.out_plane + row * c.out_row + v;
            const float *rr = c.has_residual ? r + (size_t)block * c.residual_plane + row * c.residual_row + v : yy;
            for (int column = 0; column < whole; column += c.pixels)
                depthwise_tile(c, c.pixels, xx + column * c.stride_w * BLOCK, ww, bb, yy + column * c.out_pixel,
                               rr + column * BLOCK);
            if (whole < c.out_w)
                depthwise_tile(c, c.out_w - whole, xx + whole * c.stride_w * BLOCK, ww, bb, yy + whole * c.out_pixel,
                               rr + whole * BLOCK);
        }
    }
}

#endif

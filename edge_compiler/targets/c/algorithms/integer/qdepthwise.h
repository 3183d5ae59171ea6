/* qdepthwise.h - depthwise convolution of quantised images.
 *
 * A strip of the image becomes floats, less the zero point, and depthwise.h adds up their products: these sums are integers below
 * 2^24, which float32 has exactly. No instruction multiplies bytes of many channels each by its own weights.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_QDEPTHWISE_H
#define EDGE_QDEPTHWISE_H

#include "bytes.h"
#include "depthwise.h"

typedef struct {
    int blocks, in_h, in_w, in_plane, in_row;
    int in_flip, in_zero;
    int kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
    int out_h, out_w, out_plane, out_row;
    rounding round;
    int pixels, strip; /* a tile, and rows of the result that are done together */
} qdepthwise;

/* Make floats of `rows` rows of `columns` pixels, the first of which is (top, -pad_left); outside of the image they are zero. */
INLINE void qdepthwise_strip(const qdepthwise c, const uint8_t *x, const int top, const int rows, const int columns,
                             float *strip)
{
    const int begin = c.pad_left < columns ? c.pad_left : columns;
    const int end = work_clamp(c.in_w + c.pad_left, begin, columns);
    for (int y = top; y < top + rows; y++, strip += columns * BLOCK) {
        const int inside = y >= 0 && y < c.in_h;
        const int first = inside ? begin : columns, last = inside ? end : columns;
        memset(strip, 0, sizeof(float) * BLOCK * first);
        memset(strip + last * BLOCK, 0, sizeof(float) * BLOCK * (columns - last));
        const uint8_t *from = x + (ptrdiff_t)y * c.in_row;
        for (int k = first; k < last; k++) {
            ivec wide[VECTORS];
            bytes_widen(bytes_load(from + (k - begin) * BLOCK) ^ bytes_splat(c.in_flip), wide);
            UNROLLED_FOR (int v = 0; v < VECTORS; v++)
                vec_store(strip + k * BLOCK + v * LANES, vec_float(wide[v] - c.in_zero));
        }
    }
}

INLINE void qdepthwise_tile(const qdepthwise c, const depthwise d, const int pixels, const float *x, const float *w,
                            const float *b, const float *m, uint8_t *y)
{
    float line[DEPTHWISE_MAX_PIXELS * BLOCK] __attribute__((aligned(64)));
    for (int v = 0; v < BLOCK; v += LANES) {
        vec sum[DEPTHWISE_MAX_PIXELS];
        depthwise_sums(d, pixels, x + v, w + v, b + v, sum);
        UNROLLED_FOR (int p = 0; p < pixels; p++) vec_store(line + p * BLOCK + v, sum[p] * vec_load(m + v));
    }
    UNROLLED_FOR (int p = 0; p < pixels; p++) {
        vec scaled[VECTORS];
        UNROLLED_FOR (int v = 0; v < VECTORS; v++) scaled[v] = vec_load(line + p * BLOCK + v * LANES);
        bytes_store(y + p * BLOCK, bytes_round(scaled, c.round));
    }
}

/* A piece of work is a strip of a block of channels. */
INLINE void qdepthwise_run(const qdepthwise c, const void *x, const float *w, const float *b, const float *m, void *y,
                           float *scratch, int part, int parts)
{
    assert(c.pixels >= 1 && c.pixels <= DEPTHWISE_MAX_PIXELS && c.strip >= 1);
    assert(c.pad_top >= 0 && c.pad_left >= 0);
    const int columns = (c.out_w - 1) * c.stride_w + (c.kernel_w - 1) * c.dilation_w + 1;
    const depthwise d = {.kernel_h = c.kernel_h,
                         .kernel_w = c.kernel_w,
                         .stride_w = c.stride_w,
                         .dilation_h = c.dilation_h,
                         .dilation_w = c.dilation_w,
                         .in_row = columns * BLOCK};
    pieces todo = work_share_in_order(c.blocks, (c.out_h + c.strip - 1) / c.strip, part, parts);
    const int whole = c.out_w / c.pixels * c.pixels;
    while (work_next_piece(&todo)) {
        const int block = todo.outer, first = todo.inner * c.strip;
        const int last = first + c.strip < c.out_h ? first + c.strip : c.out_h;
        const int rows = (last - first - 1) * c.stride_h + (c.kernel_h - 1) * c.dilation_h + 1;
        qdepthwise_strip(c, (const uint8_t *)x + (size_t)block * c.in_plane, first * c.stride_h - c.pad_top, rows,
                         columns, scratch);
        const float *ww = w + (size_t)block * c.kernel_h * c.kernel_w * BLOCK, *bb = b + block * BLOCK,
                    *mm = m + block * BLOCK;
        for (int row = first; row < last; row++) {
            const float *from = scratch + (size_t)(row - first) * c.stride_h * d.in_row;
            uint8_t *to = (uint8_t *)y + (size_t)block * c.out_plane + (size_t)row * c.out_row;
            for (int i = 0; i < whole; i += c.pixels)
                qdepthwise_tile(c, d, c.pixels, from + i * c.stride_w * BLOCK, ww, bb, mm, to + i * BLOCK);
            if (whole < c.out_w)
                qdepthwise_tile(c, d, c.out_w - whole, from + whole * c.stride_w * BLOCK, ww, bb, mm,
                                to + whole * BLOCK);
        }
    }
}

#endif

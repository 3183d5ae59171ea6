/* qpool.h - pooling of quantised images.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_QPOOL_H
#define EDGE_QPOOL_H

#include "bytes.h"
#include "work.h"

typedef struct {
    int average; /* else the maximum */
    int blocks, in_h, in_w, in_plane, in_row;
    int flip, zero; /* of the input */
    int kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
    int out_h, out_w, out_plane, out_row;
    int padded_h, padded_w, count_include_pad; /* see pool.h */
    float by;                                  /* an average is its sum times by / pixels */
    rounding round;
} qpool;

INLINE int qpool_count(int first, int kernel, int dilation, int end)
{
    const int last = first + kernel * dilation;
    return ((last < end ? last : end) - first + dilation - 1) / dilation;
}

INLINE bytes16 qpool_larger(bytes16 tap, bytes16 largest)
{
#if defined __AVX__
    __asm__("vpmaxub %1, %0, %0" : "+v"(largest) : "v"(tap));
    return largest;
#elif defined __SSE2__
    __asm__("pmaxub %1, %0" : "+x"(largest) : "x"(tap));
    return largest;
#else
    const bytes16 larger = (bytes16)(tap > largest);
    return (tap & larger) | (largest & ~larger);
#endif
}

/* Pool the window whose first pixel is (y, x); taps outside of the image are left out. */
INLINE bytes16 qpool_pixel(const qpool c, const uint8_t *image, const int y, const int x)
{
    bytes16 largest = {0};
    ivec sum[VECTORS];
    UNROLLED_FOR (int v = 0; v < VECTORS; v++) sum[v] = (ivec){0};
    int taps = 0;
    const int left = x < 0 ? (-x + c.dilation_w - 1) / c.dilation_w : 0;
    const int right = qpool_count(x, c.kernel_w, c.dilation_w, c.in_w);
    for (int ky = 0; ky < c.kernel_h; ky++) {
        const int yy = y + ky * c.dilation_h;
        if (yy < 0 || yy >= c.in_h)
            continue;
        const uint8_t *row = image + (size_t)yy * c.in_row + (ptrdiff_t)x * BLOCK;
        for (int kx = left; kx < right; kx++) {
            const bytes16 tap = bytes_load(row + (ptrdiff_t)kx * c.dilation_w * BLOCK) ^ bytes_splat(c.flip);
            if (c.average) {
                ivec wide[VECTORS];
                bytes_widen(tap, wide);
                UNROLLED_FOR (int v = 0; v < VECTORS; v++) sum[v] += wide[v] - c.zero;
            } else
                largest = qpool_larger(tap, largest);
        }
        taps += right > left ? right - left : 0;
    }
    if (!c.average)
        return largest ^ bytes_splat(c.flip);
    if (c.count_include_pad)
        taps = qpool_count(y, c.kernel_h, c.dilation_h, c.padded_h - c.pad_top) *
               qpool_count(x, c.kernel_w, c.dilation_w, c.padded_w - c.pad_left);
    assert(taps > 0);
    const float by = c.by / (float)taps;
    vec scaled[VECTORS];
    UNROLLED_FOR (int v = 0; v < VECTORS; v++) scaled[v] = vec_float(sum[v]) * by;
    return bytes_round(scaled, c.round);
}

INLINE void qpool_run(const qpool c, const void *in, void *out, int part, int parts)
{
    assert(c.kernel_h >= 1 && c.kernel_w >= 1 && c.stride_w >= 1 && c.dilation_h >= 1 && c.dilation_w >= 1);
    assert(c.pad_top >= 0 && c.pad_left >= 0);
    pieces todo = work_share_rows(c.blocks, c.out_h, part, parts);
    while (work_next_piece(&todo)) {
        const uint8_t *image = (const uint8_t *)in + (size_t)todo.outer * c.in_plane;
        uint8_t *line = (uint8_t *)out + (size_t)todo.outer * c.out_plane + (size_t)todo.inner * c.out_row;
        for (int x = 0; x < c.out_w; x++)
            bytes_store(line + x * BLOCK,
                        qpool_pixel(c, image, todo.inner * c.stride_h - c.pad_top, x * c.stride_w - c.pad_left));
    }
}

#endif

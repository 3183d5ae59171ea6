/* qdepthwise_dot.h - depthwise convolution of quantised images, where an instruction adds up four products of bytes.
 *
 * In a strip of the image each result has the bytes of four neighbouring pixels, channel by channel, and those behind them with
 * the results that begin there: [row][result][16 channels][4 pixels]. Weights: [block][kernel row][four columns][16][4].
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_QDEPTHWISE_DOT_H
#define EDGE_QDEPTHWISE_DOT_H

#include "bytes_dot_avx.h"
#include "bytes_store.h"
#include "qdepthwise.h"

#if defined __AVX512VNNI__

enum { QDEPTHWISE_TAPS = 4 };

/* Fours of columns of the kernel, and results from one of a row to the next. */
INLINE int qdepthwise_dot_fours(const qdepthwise c) { return (c.kernel_w + QDEPTHWISE_TAPS - 1) / QDEPTHWISE_TAPS; }
INLINE int qdepthwise_dot_ahead(const qdepthwise c) { return QDEPTHWISE_TAPS / c.stride_w; }

/* So many of four pixels. */
INLINE int qdepthwise_dot_inside(const int at) { return work_clamp(at, 0, QDEPTHWISE_TAPS); }

/* Put four pixels of 16 channels into the strip, of which those from `first` to `last` are inside of the image. */
INLINE void qdepthwise_dot_turn(const qdepthwise c, const uint8_t *x, const int first, const int last, uint8_t *strip)
{
    static const uint8_t turned[4 * BLOCK] __attribute__((aligned(64))) = {
        0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15,
        0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15};
    ivec v = bytes_splat_all(c.in_zero ^ c.in_flip);
    if (first == 0 && last == QDEPTHWISE_TAPS)
        memcpy(&v, x, sizeof v);
    else { /* memory that the mask leaves out is not read */
        const uint16_t mask = (uint16_t)((1 << 4 * last) - (1 << 4 * first));
        __asm__("vmovdqu32 %1, %0%{%2%}" : "+v"(v) : "m"(*(const uint8_t (*)[sizeof v])x), "Yk"(mask));
    }
    v = bytes_turn(v);
    __asm__("vpshufb %2, %1, %0" : "=v"(v) : "v"(v), "v"(*(const ivec *)turned));
    *(ivec *)strip = v ^ bytes_splat_all(c.in_flip);
}

/* Fill `rows` rows of the strip, the first of which is `top`, with what `results` results begin at. */
INLINE void qdepthwise_dot_turn_rows(const qdepthwise c, const uint8_t *x, const int top, const int rows,
                                     const int results, uint8_t *strip)
{
    for (int y = top; y < top + rows; y++) {
        const int inside = y >= 0 && y < c.in_h;
        const uint8_t *from = x + (ptrdiff_t)y * c.in_row;
        for (int i = 0; i < results; i++, strip += QDEPTHWISE_TAPS * BLOCK) {
            const int left = i * c.stride_w - c.pad_left;
            qdepthwise_dot_turn(c, from + left * BLOCK, inside ? qdepthwise_dot_inside(-left) : 0,
                                inside ? qdepthwise_dot_inside(c.in_w - left) : 0, strip);
        }
    }
}

INLINE void qdepthwise_dot_tile(const qdepthwise c, const int pixels, const int results, const uint8_t *x,
                                const int8_t *w, const int32_t *b, const float *m, uint8_t *y)
{
    ivec sum[DEPTHWISE_MAX_PIXELS];
    UNROLLED_FOR (int p = 0; p < pixels; p++) sum[p] = *(const ivec *)b;
    for (int ky = 0; ky < c.kernel_h; ky++, x += results * QDEPTHWISE_TAPS * BLOCK)
        for (int four = 0; four < qdepthwise_dot_fours(c); four++, w += QDEPTHWISE_TAPS * BLOCK) {
            const ivec weights = *(const ivec *)w;
            UNROLLED_FOR (int p = 0; p < pixels; p++)
                sum[p] = bytes_dot_avx_four(
                    sum[p], *(const ivec *)(x + (p + four * qdepthwise_dot_ahead(c)) * QDEPTHWISE_TAPS * BLOCK),
                    weights);
        }
    bytes_store_sums(sum, 1, pixels, m, c.round, y, BLOCK, BLOCK);
}

/* A piece of work is a strip of a block of channels. */
INLINE void qdepthwise_dot_run(const qdepthwise c, const void *x, const int8_t *w, const int32_t *b, const float *m,
                               void *y, void *strip, int part, int parts)
{
    assert(c.pixels >= 1 && c.pixels <= DEPTHWISE_MAX_PIXELS && c.strip >= 1);
    assert(c.dilation_h == 1 && c.dilation_w == 1 && QDEPTHWISE_TAPS % c.stride_w == 0);
    const int results = c.out_w + (qdepthwise_dot_fours(c) - 1) * qdepthwise_dot_ahead(c);
    const size_t block_weights = (size_t)c.kernel_h * qdepthwise_dot_fours(c) * QDEPTHWISE_TAPS * BLOCK;
    pieces todo = work_share_in_order(c.blocks, (c.out_h + c.strip - 1) / c.strip, part, parts);
    const int whole = c.out_w / c.pixels * c.pixels;
    while (work_next_piece(&todo)) {
        const int block = todo.outer, first = todo.inner * c.strip;
        const int last = first + c.strip < c.out_h ? first + c.strip : c.out_h;
        const int8_t *ww = w + block * block_weights;
        const int32_t *bb = b + block * BLOCK;
        const float *mm = m + block * BLOCK;
        qdepthwise_dot_turn_rows(c, (const uint8_t *)x + (size_t)block * c.in_plane, first * c.stride_h - c.pad_top,
                                 (last - first - 1) * c.stride_h + c.kernel_h, results, strip);
        for (int row = first; row < last; row++) {
            const uint8_t *from =
                (const uint8_t *)strip + (size_t)(row - first) * c.stride_h * results * QDEPTHWISE_TAPS * BLOCK;
            uint8_t *to = (uint8_t *)y + (size_t)block * c.out_plane + (size_t)row * c.out_row;
            for (int i = 0; i < whole; i += c.pixels)
                qdepthwise_dot_tile(c, c.pixels, results, from + i * QDEPTHWISE_TAPS * BLOCK, ww, bb, mm,
                                    to + i * BLOCK);
            if (whole < c.out_w)
                qdepthwise_dot_tile(c, c.out_w - whole, results, from + whole * QDEPTHWISE_TAPS * BLOCK, ww, bb, mm,
                                    to + whole * BLOCK);
        }
    }
}

#endif

#endif

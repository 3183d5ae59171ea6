/* qdepthwise_pairs.h - depthwise convolution of quantised images, where an instruction adds up two products of words.
 *
 * In a strip of the image each column has two pixels side by side, channel by channel, as words: its own and the one that the
 * kernel reads next: [row][column][channels 0-3, 8-11, 4-7, 12-15][2 pixels], the order in which AVX2 widens and narrows.
 * Weights, in the same order of channels: [block][kernel row][two kernel columns][16][2]; biases and multipliers, too.
 * Where results are an even number of columns apart, every second column is enough.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_QDEPTHWISE_PAIRS_H
#define EDGE_QDEPTHWISE_PAIRS_H

#include "bytes_wide.h"
#include "qdepthwise.h"

#if defined __AVX2__ && !defined __AVX512F__

enum { QDEPTHWISE_PAIR = 2 * BLOCK }; /* words of a column of the strip, and of weights */

/* Pairs of kernel columns; columns of the image from one of the strip to the next; and what results read of the strip. */
INLINE int qdepthwise_pairs(const qdepthwise c) { return (c.kernel_w + 1) / 2; }
INLINE int qdepthwise_pairs_apart(const qdepthwise c) { return c.stride_w % 2 ? 1 : 2; }
INLINE int qdepthwise_pairs_columns(const qdepthwise c, const int results)
{
    return ((results - 1) * c.stride_w + (qdepthwise_pairs(c) - 1) * 2 * c.dilation_w) / qdepthwise_pairs_apart(c) + 1;
}

/* A pixel's channels as words; the zero point outside of the image. */
INLINE words qdepthwise_pairs_pixel(const qdepthwise c, const uint8_t *row, const int column)
{
    return column >= 0 && column < c.in_w ? words_widen(row + (ptrdiff_t)column * BLOCK, c.in_flip)
                                          : (words){0} + (int16_t)c.in_zero;
}

/* Fill `rows` rows of the strip, the first of which is `top`, with `columns` columns. */
INLINE void qdepthwise_pairs_strip(const qdepthwise c, const uint8_t *x, const int top, const int rows,
                                   const int columns, int16_t *strip)
{
    const int apart = qdepthwise_pairs_apart(c);
    for (int y = top; y < top + rows; y++) {
        const int inside = y >= 0 && y < c.in_h;
        const uint8_t *row = x + (ptrdiff_t)y * c.in_row;
        for (int i = 0; i < columns; i++, strip += QDEPTHWISE_PAIR) {
            const int column = inside ? i * apart - c.pad_left : c.in_w;
            const words a = qdepthwise_pairs_pixel(c, row, column);
            const words b = qdepthwise_pairs_pixel(c, row, column + c.dilation_w);
            __asm__("vpunpcklwd %2, %1, %0" : "=x"(*(words *)strip) : "x"(a), "x"(b));
            __asm__("vpunpckhwd %2, %1, %0" : "=x"(*(words *)(strip + BLOCK)) : "x"(a), "x"(b));
        }
    }
}

INLINE void qdepthwise_pairs_tile(const qdepthwise c, const int pixels, const int columns, const int16_t *x,
                                  const int16_t *w, const int32_t *b, const float *m, uint8_t *y)
{
    ivec sum[DEPTHWISE_MAX_PIXELS * VECTORS];
    UNROLLED_FOR (int i = 0; i < pixels * VECTORS; i++) sum[i] = *(const ivec *)(b + i % VECTORS * LANES);
    for (int ky = 0; ky < c.kernel_h; ky++)
        for (int pair = 0; pair < qdepthwise_pairs(c); pair++, w += QDEPTHWISE_PAIR) {
            const int first = pair * 2 * c.dilation_w / qdepthwise_pairs_apart(c);
            const int16_t *from = x + ((ptrdiff_t)ky * c.dilation_h * columns + first) * QDEPTHWISE_PAIR;
            UNROLLED_FOR (int i = 0; i < pixels * VECTORS; i++) {
                const int at = i / VECTORS * (c.stride_w / qdepthwise_pairs_apart(c)) * QDEPTHWISE_PAIR;
                words_dot_memory(&sum[i], *(const words *)(w + i % VECTORS * BLOCK), from + at + i % VECTORS * BLOCK);
            }
        }
    UNROLLED_FOR (int p = 0; p < pixels; p += 2) {
        const int one = p + 1 == pixels;
        vec scaled[BYTES_VECTORS];
        UNROLLED_FOR (int i = 0; i < BYTES_VECTORS; i++)
            scaled[i] = vec_float(sum[(p + (one ? 0 : i / VECTORS)) * VECTORS + i % VECTORS]) *
                        vec_load(m + i % VECTORS * LANES);
        ivec both = bytes_wide_round(scaled, c.round); /* each lane has eight bytes of either pixel */
        __asm__("vpermq $0xd8, %0, %0" : "+x"(both));
        memcpy(y + p * BLOCK, &both, one ? sizeof(bytes16) : sizeof both);
    }
}

/* A piece of work is a strip of a block of channels. */
INLINE void qdepthwise_pairs_run(const qdepthwise c, const void *x, const int16_t *w, const int32_t *b, const float *m,
                                 void *y, void *strip, int part, int parts)
{
    assert(c.pixels >= 1 && c.pixels <= DEPTHWISE_MAX_PIXELS && c.strip >= 1);
    const int columns = qdepthwise_pairs_columns(c, c.out_w), whole = c.out_w / c.pixels * c.pixels;
    const int step = c.stride_w / qdepthwise_pairs_apart(c) * QDEPTHWISE_PAIR; /* from result to result */
    const size_t block_weights = (size_t)c.kernel_h * qdepthwise_pairs(c) * QDEPTHWISE_PAIR;
    pieces todo = work_share_in_order(c.blocks, (c.out_h + c.strip - 1) / c.strip, part, parts);
    while (work_next_piece(&todo)) {
        const int block = todo.outer, first = todo.inner * c.strip;
        const int last = first + c.strip < c.out_h ? first + c.strip : c.out_h;
        const int16_t *ww = w + block * block_weights;
        const int32_t *bb = b + block * BLOCK;
        const float *mm = m + block * BLOCK;
        qdepthwise_pairs_strip(c, (const uint8_t *)x + (size_t)block * c.in_plane, first * c.stride_h - c.pad_top,
                               (last - first - 1) * c.stride_h + (c.kernel_h - 1) * c.dilation_h + 1, columns, strip);
        for (int row = first; row < last; row++) {
            const int16_t *from =
                (const int16_t *)strip + (size_t)(row - first) * c.stride_h * columns * QDEPTHWISE_PAIR;
            uint8_t *to = (uint8_t *)y + (size_t)block * c.out_plane + (size_t)row * c.out_row;
            for (int i = 0; i < whole; i += c.pixels)
                qdepthwise_pairs_tile(c, c.pixels, columns, from + i * step, ww, bb, mm, to + i * BLOCK);
            if (whole < c.out_w)
                qdepthwise_pairs_tile(c, c.out_w - whole, columns, from + whole * step, ww, bb, mm, to + whole * BLOCK);
        }
    }
}

#endif

#endif

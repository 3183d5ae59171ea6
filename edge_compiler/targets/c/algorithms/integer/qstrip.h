/* qstrip.h - convolution of quantised images as in qconv.h, a strip of tiles at a time.
 *
 * What a strip reads of the image is packed once, and each block of weights serves all of its tiles before the next one is
 * read: weights come from a cache that they have no room in once a strip, not once a tile, and are widened once, where
 * products are of words. Meanwhile the next block's are fetched, which caches don't foresee.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_QSTRIP_H
#define EDGE_QSTRIP_H

#include "qconv.h"

#if defined DOT_WORDS

/* Rows of results, and tiles of each. */
typedef struct {
    int row, rows, tile, tiles;
} qstrip;

/* Rows of the image from one that is packed to the next. */
INLINE int qstrip_down(const qconv c) { return c.kernel_h == 1 ? c.stride_h : 1; }

/* Rows of the image that some rows of results read. */
INLINE int qstrip_image_rows(const qconv c, const int rows)
{
    return ((rows - 1) * c.stride_h + (c.kernel_h - 1) * c.dilation_h) / qstrip_down(c) + 1;
}

/* Does each pixel have cells of its own? Then those of a tile lie side by side, as caches like it. */
INLINE int qstrip_by_tile(const qconv c) { return c.kernel_h * c.kernel_w == 1; }

/* Pixels of a row of the strip. */
INLINE int qstrip_pixels(const qconv c, const qstrip strip)
{
    return qconv_first_of(c, strip.tile + strip.tiles) - qconv_first_of(c, strip.tile);
}

/* Where the cells of the strip are. */
INLINE qconv_source qstrip_source(const qconv c, const qstrip strip, const unsigned char *patch)
{
    const size_t row = (size_t)qconv_cells(c, qstrip_pixels(c, strip)) * qconv_cell(c);
    return (qconv_source){patch, row, qstrip_image_rows(c, strip.rows) * row, NULL};
}

/* Where those of a tile are, whose first pixel is `first` of the strip's row. */
INLINE qconv_source qstrip_tile_source(const qconv c, const qconv_source strip, const int row, const int first,
                                       const int pixels)
{
    qconv_source x = strip;
    if (qstrip_by_tile(c)) {
        x.cells += (row * strip.row + (size_t)first * qconv_cell(c)) * c.image_blocks;
        x.block = (size_t)pixels * qconv_cell(c);
    } else {
        x.cells += row * (c.stride_h / qstrip_down(c)) * strip.row +
                   (size_t)first * (c.stride_w / qconv_apart(c)) * qconv_cell(c);
        x.row = c.dilation_h / qstrip_down(c) * strip.row;
    }
    return x;
}

/* Pack what a strip reads. */
INLINE void qstrip_pack(const qconv c, const qstrip strip, const uint8_t *x, unsigned char *patch)
{
    const int first = qconv_first_of(c, strip.tile), pixels = qstrip_pixels(c, strip);
    if (!qstrip_by_tile(c)) {
        qconv_pack(c, x, strip.row * c.stride_h - c.pad_top, qstrip_image_rows(c, strip.rows), qstrip_down(c), first,
                   qconv_cells(c, pixels), patch);
        return;
    }
    for (int row = strip.row; row < strip.row + strip.rows; row++)
        for (int tile = strip.tile; tile < strip.tile + strip.tiles; tile++) {
            const int cells = c.pixels - (tile >= c.wide_tiles);
            qconv_pack(c, x, row * c.stride_h - c.pad_top, 1, 1, qconv_first_of(c, tile), cells, patch);
            patch += (size_t)cells * qconv_cell(c) * c.image_blocks;
        }
}

/* Multiply the cells of all tiles of a strip by the weights of the output blocks from 0 to `blocks`. */
INLINE void qstrip_multiply(const qconv c, const qstrip strip, qconv_source x, const int blocks, const int8_t *w,
                            const int32_t *b, const float *m, uint8_t *y)
{
    const int first = qconv_first_of(c, strip.tile);
    for (int row = 0; row < strip.rows; row++)
        for (int tile = strip.tile; tile < strip.tile + strip.tiles; tile++) {
            const int at = qconv_first_of(c, tile), narrow = tile >= c.wide_tiles;
            const qconv_source source = qstrip_tile_source(c, x, row, at - first, c.pixels - narrow);
            qconv_multiply(c, (qconv_piece){strip.row + row, at, narrow, 0, blocks}, source, w, b, m, y);
            x.ahead += (size_t)QCONV_LINE * c.in_blocks * c.kernel_h * c.kernel_w;
        }
}

/* The output blocks of a strip from one to another. wide: room for the weights of a tile as words. */
INLINE void qstrip_blocks(const qconv c, const qstrip strip, const qconv_source x, const int8_t *w, const int32_t *b,
                          const float *m, uint8_t *y, const int from, const int to, int16_t *wide)
{
    for (int i = from; i < to; i += c.blocks) {
        const int blocks = to - i < c.blocks ? to - i : c.blocks;
        const int8_t *weights = w + (size_t)i * c.block_weights;
        const qconv_source source = {x.cells, x.row, x.block, weights + (size_t)c.blocks * c.block_weights};
        qconv part = c;
        part.out_blocks -= i;
        if (c.first_block)
            part.first_block += i;
        if (c.widened) {
            bytes_dot_widen(blocks * c.block_weights / (4 * BLOCK), weights, wide);
            weights = (const int8_t *)wide, part.block_weights *= 2;
        }
        qstrip_multiply(part, strip, source, blocks, weights, b + i * BLOCK, m + i * BLOCK,
                        y + (size_t)i * c.out_plane);
    }
}

/* The convolution. A piece of work is a strip, with all output blocks or some. */
INLINE void qstrip_run(const qconv c, const void *x, const int8_t *w, const int32_t *b, const float *m,
                       const void *other, void *y, void *scratch, int part, int parts)
{
    const int tiles = c.wide_tiles + c.narrow_tiles, across = (tiles + c.strip_tiles - 1) / c.strip_tiles;
    assert(c.wide_tiles * c.pixels + c.narrow_tiles * (c.pixels - 1) == c.out_w);
    assert(c.pixels * c.blocks * VECTORS <= QCONV_MAX_SUMS && c.strip_rows > 0 && c.strip_tiles > 0);
    int16_t *wide = scratch;
    unsigned char *patch = (unsigned char *)scratch + (c.widened ? (size_t)2 * c.blocks * c.block_weights : 0);
    pieces todo = work_share_in_order(c.splits, (c.out_h + c.strip_rows - 1) / c.strip_rows * across, part, parts);
    while (work_next_piece(&todo)) {
        qstrip strip = {.row = todo.inner / across * c.strip_rows, .tile = todo.inner % across * c.strip_tiles};
        strip.rows = work_clamp(c.out_h - strip.row, 0, c.strip_rows);
        strip.tiles = work_clamp(tiles - strip.tile, 0, c.strip_tiles);
        qstrip_pack(c, strip, x, patch);
        const int from = todo.outer * c.out_blocks / c.splits, to = (todo.outer + 1) * c.out_blocks / c.splits;
        qstrip_blocks(c, strip, qstrip_source(c, strip, patch), w, b, m, y, from, to, wide);
        for (int i = 0; c.adds && i < strip.rows; i++)
            for (int tile = strip.tile; tile < strip.tile + strip.tiles; tile++) {
                const int at = qconv_first_of(c, tile);
                qconv_add(c, (qconv_piece){strip.row + i, at, tile >= c.wide_tiles, from, to}, other, y);
            }
    }
}

#endif

#endif

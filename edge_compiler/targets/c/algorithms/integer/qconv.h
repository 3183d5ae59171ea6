/* qconv.h - convolution of quantised images, and products of quantised rows with a matrix.
 *
 * A tile is `pixels` results of a row times `blocks` blocks of 16 output channels, whose sums are held in registers. What it
 * reads of the image is packed into cells first (bytes.h), with the zero point outside of the image, and serves all blocks.
 * Weights: [output block][input block][kernel row][kernel column][group][16][4]; the last input block has `last_groups` groups.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_QCONV_H
#define EDGE_QCONV_H

#include "bytes.h"
#include "work.h"

enum { QCONV_MAX_SUMS = 32 };

typedef struct {
    int image_blocks;           /* of input channels, all of which are packed; or its planes: qplanes.h */
    int in_blocks, last_groups; /* those that an output block reads */
    int in_h, in_w, in_plane, in_row, in_pixel; /* in bytes, here and below */
    int small;                                  /* sums of two products of its weights have room in 16 bits */
    int in_flip, outside;                       /* the bytes outside of the image */
    const uint16_t *first_block;                /* where an output block of a group begins to read; NULL: at 0 */
    int kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
    int out_h, out_w, out_blocks, out_plane, out_row, out_pixel;
    int last_channels; /* that are stored of the last output block */
    int block_weights; /* bytes of an output block's weights */
    rounding round;
    int pixels, blocks, wide_tiles, narrow_tiles; /* a row: so many tiles of `pixels`, then of one less */
    int splits;                                   /* pieces of work that divide the output blocks of a tile */
} qconv;

/* Columns of the image from one cell to the next, and cells of a row that some pixels read. */
INLINE int qconv_apart(const qconv c) { return c.kernel_w == 1 ? c.stride_w : 1; }
INLINE int qconv_cells(const qconv c, const int pixels)
{
    return ((pixels - 1) * c.stride_w + (c.kernel_w - 1) * c.dilation_w) / qconv_apart(c) + 1;
}

/* Pack what the pixels from (row, first) on read: [input block][kernel row][cell]. */
INLINE void qconv_pack(const qconv c, const uint8_t *x, const int row, const int first, const int cells,
                       unsigned char *patch)
{
    const bytes16 flip = bytes_splat(c.in_flip), outside = bytes_splat(c.outside);
    const int size = bytes_cell_size(c.small), apart = qconv_apart(c), left = first * c.stride_w - c.pad_left;
    int begin = left < 0 ? (-left + apart - 1) / apart : 0, end = (c.in_w - left + apart - 1) / apart;
    begin = begin < cells ? begin : cells, end = work_clamp(end, begin, cells);
    for (int block = 0; block < c.image_blocks; block++)
        for (int ky = 0; ky < c.kernel_h; ky++) {
            const int y = row * c.stride_h + ky * c.dilation_h - c.pad_top, inside = y >= 0 && y < c.in_h;
            const uint8_t *from =
                x + (size_t)block * c.in_plane + (ptrdiff_t)y * c.in_row + (ptrdiff_t)left * c.in_pixel;
            int i = 0;
            for (; i < (inside ? begin : cells); i++, patch += size) bytes_cell(patch, outside, c.small);
            for (; i < (inside ? end : cells); i++, patch += size)
                bytes_cell(patch, bytes_load(from + (ptrdiff_t)i * apart * c.in_pixel) ^ flip, c.small);
            for (; i < cells; i++, patch += size) bytes_cell(patch, outside, c.small);
        }
}

/* One tile. y: its first pixel and channel. */
INLINE void qconv_tile(const qconv c, const int pixels, const int blocks, const unsigned char *patch, const int8_t *w,
                       const int32_t *b, const float *m, uint8_t *y, const int channels)
{
    const int size = bytes_cell_size(c.small), cells = qconv_cells(c, pixels);
    const int step = c.stride_w / qconv_apart(c) * size;
    ivec sum[QCONV_MAX_SUMS];
    UNROLLED_FOR (int i = 0; i < pixels * blocks * SUMS; i++)
        sum[i] = SUMS_HAVE_BIAS ? *(const ivec *)(b + i % (blocks * SUMS) * LANES) : (ivec){0};
    for (int block = 0; block < c.in_blocks; block++)
        for (int ky = 0; ky < c.kernel_h; ky++, patch += cells * size)
            for (int kx = 0; kx < c.kernel_w; kx++) {
                const int groups = block < c.in_blocks - 1 ? 4 : c.last_groups;
                bytes_dot(pixels, blocks, groups, c.small, patch + kx * c.dilation_w * size, step, w, c.block_weights,
                          sum);
                w += groups * 4 * BLOCK;
            }
    UNROLLED_FOR (int p = 0; p < pixels; p++)
        UNROLLED_FOR (int i = 0; i < blocks; i++) {
            ivec total[VECTORS];
            bytes_sums(sum + (p * blocks + i) * SUMS, b + i * BLOCK, total);
            const bytes16 result = bytes_of_sums(total, m + i * BLOCK, c.round);
            uint8_t *to = y + (size_t)p * c.out_pixel + (size_t)i * c.out_plane;
            if (channels - i * BLOCK >= BLOCK)
                bytes_store(to, result);
            else
                bytes_store_some(to, result, channels - i * BLOCK);
        }
}

/* All output blocks from one to another, of some pixels. */
INLINE void qconv_blocks(const qconv c, const int pixels, const unsigned char *patch, const int8_t *w, const int32_t *b,
                         const float *m, uint8_t *y, const int from, const int to)
{
    const int cells = qconv_cells(c, pixels);
    for (int i = from; i < to; i += c.blocks) {
        const unsigned char *first = patch;
        if (c.first_block)
            first += (size_t)c.first_block[i] * c.kernel_h * cells * bytes_cell_size(c.small);
        const int8_t *weights = w + (size_t)i * c.block_weights;
        uint8_t *out = y + (size_t)i * c.out_plane;
        const int left = (c.out_blocks - 1 - i) * BLOCK + c.last_channels;
        if (to - i >= c.blocks)
            qconv_tile(c, pixels, c.blocks, first, weights, b + i * BLOCK, m + i * BLOCK, out, left);
        else
            for (int k = i; k < to; k++) /* the last ones, fewer than a tile has */
                qconv_tile(c, pixels, 1, first, w + (size_t)k * c.block_weights, b + k * BLOCK, m + k * BLOCK,
                           y + (size_t)k * c.out_plane, (c.out_blocks - 1 - k) * BLOCK + c.last_channels);
    }
}

/* A tile: `narrow` if it has one pixel less than others; with the output blocks from one to another. */
typedef struct {
    int row, first, narrow;
    int from, to;
} qconv_piece;

INLINE pieces qconv_share(const qconv c, int part, int parts)
{
    const int tiles = c.wide_tiles + c.narrow_tiles;
    assert(c.wide_tiles * c.pixels + c.narrow_tiles * (c.pixels - 1) == c.out_w);
    assert(c.pixels * c.blocks * SUMS <= QCONV_MAX_SUMS);
    return work_share_in_order(c.splits, c.out_h * tiles, part, parts);
}

INLINE qconv_piece qconv_piece_of(const qconv c, const pieces todo)
{
    const int tiles = c.wide_tiles + c.narrow_tiles, tile = todo.inner % tiles, narrow = tile - c.wide_tiles;
    return (qconv_piece){
        .row = todo.inner / tiles,
        .first = narrow < 0 ? tile * c.pixels : c.wide_tiles * c.pixels + narrow * (c.pixels - 1),
        .narrow = narrow >= 0,
        .from = todo.outer * c.out_blocks / c.splits,
        .to = (todo.outer + 1) * c.out_blocks / c.splits,
    };
}

/* Multiply a tile's cells by the weights, and store its results. */
INLINE void qconv_multiply(const qconv c, const qconv_piece t, const unsigned char *patch, const int8_t *w,
                           const int32_t *b, const float *m, void *y)
{
    uint8_t *out = (uint8_t *)y + (size_t)t.row * c.out_row + (size_t)t.first * c.out_pixel;
    if (!t.narrow)
        qconv_blocks(c, c.pixels, patch, w, b, m, out, t.from, t.to);
    else if (c.narrow_tiles)
        qconv_blocks(c, c.pixels - 1, patch, w, b, m, out, t.from, t.to);
}

/* The convolution. A piece of work is a tile. */
INLINE void qconv_run(const qconv c, const void *x, const int8_t *w, const int32_t *b, const float *m, void *y,
                      void *scratch, int part, int parts)
{
    pieces todo = qconv_share(c, part, parts);
    while (work_next_piece(&todo)) {
        const qconv_piece tile = qconv_piece_of(c, todo);
        qconv_pack(c, x, tile.row, tile.first, qconv_cells(c, c.pixels - tile.narrow), scratch);
        qconv_multiply(c, tile, scratch, w, b, m, y);
    }
}

#endif

/* qplanes.h - convolution of quantised images with few channels, which lie in planes: as of a network's picture.
 *
 * Blocks of 16 channels would be nearly empty. So all that a result reads becomes the channels of one pixel, in the order
 * [kernel row][plane][kernel column], and qconv.h multiplies these: a 1x1 convolution of `in_blocks` blocks. Where products
 * take bytes as they are, it is one block of many channels, and nothing is packed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_QPLANES_H
#define EDGE_QPLANES_H

#include "qconv.h"

enum { QPLANES_MAX_KERNEL = 8, QPLANES_MAX_REACH = 256 };

/* Copy what `pixels` results from (row, first) on read, `apart` bytes for each of them. Rows of a kernel are copied in pieces of
 * 4 or 8 bytes: what is too much is overwritten by the next one, the last has no weights. */
INLINE void qplanes_windows(const qconv c, const uint8_t *x, const int row, const int first, const int pixels,
                            const size_t apart, uint8_t *windows)
{
    const int piece = c.kernel_w > QPLANES_MAX_KERNEL / 2 ? QPLANES_MAX_KERNEL : QPLANES_MAX_KERNEL / 2;
    const int left = first * c.stride_w - c.pad_left, reach = (pixels - 1) * c.stride_w + piece;
    const int within = left >= 0 && left + reach <= c.in_w;
    for (int ky = 0; ky < c.kernel_h; ky++) {
        const int y = row * c.stride_h + ky - c.pad_top, inside = y >= 0 && y < c.in_h;
        for (int plane = 0; plane < c.image_blocks; plane++, windows += c.kernel_w) {
            const uint8_t *from = x + (size_t)plane * c.in_plane + (ptrdiff_t)y * c.in_row + left;
            uint8_t edge[QPLANES_MAX_REACH];
            if (!inside || !within) {
                const uint8_t outside = (uint8_t)(c.outside ^ c.in_flip);
                for (int i = 0; i < reach; i++)
                    edge[i] = inside && left + i >= 0 && left + i < c.in_w ? from[i] : outside;
                from = edge;
            }
            for (int p = 0; p < pixels; p++) memcpy(windows + p * apart, from + p * c.stride_w, piece);
        }
    }
}

/* The convolution. A piece of work is a tile, as in qconv.h. */
INLINE void qplanes_run(const qconv c, const void *x, const int8_t *w, const int32_t *b, const float *m, void *y,
                        void *scratch, int part, int parts)
{
    qconv products = c;
    products.kernel_h = products.kernel_w = products.stride_w = products.dilation_w = 1;
    const bytes16 flip = bytes_splat(c.in_flip);
    const int size = bytes_cell_size(c.per_word), as_they_are = CELLS_ARE_BYTES && !c.in_flip;
    const size_t apart = (size_t)(c.in_blocks + 1) * BLOCK;
    unsigned char *windows = scratch;
    if (as_they_are) {
        products.cell = (int)apart;
        products.last_groups += 4 * (c.in_blocks - 1);
        products.in_blocks = 1;
    } else
        windows += (size_t)c.in_blocks * c.pixels * size;
    pieces todo = qconv_share(c, part, parts);
    while (work_next_piece(&todo)) {
        const qconv_piece tile = qconv_piece_of(c, todo);
        const int pixels = c.pixels - tile.narrow;
        unsigned char *cell = scratch;
        qplanes_windows(c, x, tile.row, tile.first, pixels, apart, windows);
        for (int block = 0; block < c.in_blocks && !as_they_are; block++)
            for (int p = 0; p < pixels; p++, cell += size)
                bytes_cell(cell, bytes_load(windows + p * apart + block * BLOCK) ^ flip, c.per_word);
        qconv_multiply(products, tile, qconv_packed(products, tile.narrow, scratch), w, b, m, y);
    }
}

#endif

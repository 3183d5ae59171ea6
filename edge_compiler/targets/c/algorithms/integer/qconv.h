/* qconv.h - convolution of quantised images, and products of quantised rows with a matrix.
 *
 * A tile is `pixels` results of a row times `blocks` blocks of 16 output channels, whose sums are held in registers. What it
 * reads of the image is packed into cells first (bytes_cell.h), with the zero point outside of the image, and serves all blocks. Where
 * cells are bytes as they are, a tile that reads nothing outside of the image takes them from there.
 * Weights: [output block][input block][kernel row][kernel column][group][16][4]; the last input block has `last_groups` groups.
 * Where matrices are multiplied, they are in the order of qmatrix.h. Results are bytes, or other numbers: see qsums.h.
 * Where weights are widened before they are multiplied, qstrip.h does that once for many tiles.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_QCONV_H
#define EDGE_QCONV_H

#include "bytes_dot.h"
#include "bytes_store.h"
#include "qelements.h"
#include "qmatrix.h"
#include "work.h"

/* What becomes of sums: bytes, integers of 32 bits, or those times a number of each channel as floats. */
typedef enum { QCONV_BYTES, QCONV_SUMS, QCONV_FLOATS } qconv_result;

enum { QCONV_MAX_SUMS = 32, QCONV_AHEAD = 3, QCONV_LINE = 64 };

typedef struct {
    int image_blocks;           /* of input channels, all of which are packed; or its planes: qplanes.h */
    int in_blocks, last_groups; /* those that an output block reads */
    int in_h, in_w, in_plane, in_row, in_pixel; /* in bytes, here and below */
    int per_word;                               /* products that 16 bits hold together, see bytes_cell.h */
    int in_flip, outside;                       /* the bytes outside of the image */
    const uint16_t *first_block;                /* where an output block of a group begins to read; NULL: at 0 */
    int kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
    int out_h, out_w, out_blocks, out_plane, out_row, out_pixel; /* in bytes */
    int last_channels;                                           /* that are stored of the last output block */
    int block_weights;                                           /* bytes of an output block's weights */
    rounding round;
    int pixels, blocks, wide_tiles, narrow_tiles; /* a row: so many tiles of `pixels`, then of one less */
    int splits;                                   /* pieces of work that divide the output blocks of a tile */
    int adds;                                     /* other bytes are added to the results, see qelements.h: */
    int other_plane, other_row;
    qelements sum;
    qconv_result result;
    int cell;                            /* bytes from a cell to the next; 0: as bytes_cell.h packs them */
    int strips, strip_rows, strip_tiles; /* see qstrip.h: rows and tiles of a row that are packed together */
    int widened;                         /* weights are words: see bytes_dot_widened() */
} qconv;

/* Where the cells of a tile are: the first one, and bytes to the next row of the kernel and to the next input block. */
typedef struct {
    const unsigned char *cells;
    size_t row, block;
    const int8_t *ahead; /* fetched meanwhile, a line for each cell of the kernel: see qstrip.h */
} qconv_source;

INLINE int qconv_cell(const qconv c) { return c.cell ? c.cell : bytes_cell_size(c.per_word); }

/* Columns of the image from one cell to the next, and cells of a row that some pixels read. Bytes that are cells have their
 * neighbours, whether these are read or not. */
INLINE int qconv_in_place(const qconv c) { return CELLS_ARE_BYTES && !c.in_flip; }
INLINE int qconv_apart(const qconv c) { return c.kernel_w == 1 && !qconv_in_place(c) ? c.stride_w : 1; }
INLINE int qconv_cells(const qconv c, const int pixels)
{
    return ((pixels - 1) * c.stride_w + (c.kernel_w - 1) * c.dilation_w) / qconv_apart(c) + 1;
}

/* Pack `rows` rows of the image, from `top` on and `down` from each other, as far as the pixels from `first` on read them:
 * [input block][row][cell]. */
INLINE void qconv_pack(const qconv c, const uint8_t *x, const int top, const int rows, const int down, const int first,
                       const int cells, unsigned char *patch)
{
    const bytes16 flip = bytes_splat(c.in_flip), outside = bytes_splat(c.outside);
    const int size = bytes_cell_size(c.per_word), apart = qconv_apart(c), left = first * c.stride_w - c.pad_left;
    int begin = left < 0 ? (-left + apart - 1) / apart : 0, end = (c.in_w - left + apart - 1) / apart;
    begin = begin < cells ? begin : cells, end = work_clamp(end, begin, cells);
    for (int block = 0; block < c.image_blocks; block++)
        for (int i = 0; i < rows; i++) {
            const int y = top + i * down, inside = y >= 0 && y < c.in_h;
            const uint8_t *from =
                x + (size_t)block * c.in_plane + (ptrdiff_t)y * c.in_row + (ptrdiff_t)left * c.in_pixel;
            int k = 0;
            for (; k < (inside ? begin : cells); k++, patch += size) bytes_cell(patch, outside, c.per_word);
            for (; k < (inside ? end : cells); k++, patch += size)
                bytes_cell(patch, bytes_load(from + (ptrdiff_t)k * apart * c.in_pixel) ^ flip, c.per_word);
            for (; k < cells; k++, patch += size) bytes_cell(patch, outside, c.per_word);
        }
}

/* Are they in the image, which has them as they are? */
INLINE int qconv_has_cells(const qconv c, const int row, const int first, const int cells)
{
    const int y = row * c.stride_h - c.pad_top, x = first * c.stride_w - c.pad_left;
    return qconv_in_place(c) && c.in_pixel == BLOCK && y >= 0 && x >= 0 &&
           y + (c.kernel_h - 1) * c.dilation_h < c.in_h && x + cells <= c.in_w;
}

/* Add the products of `groups` groups of a cell of each pixel; returns the next weights. */
INLINE const int8_t *qconv_dot(const qconv c, const int pixels, const int blocks, const int groups,
                               const unsigned char *cells, const int step, const int8_t *w, ivec *sum)
{
#if defined __ARM_FEATURE_MATMUL_INT8
    qmatrix_dot(pixels, blocks, groups, cells, step, w, c.block_weights, sum);
    return w + (groups + 1) / 2 * QMATRIX_WEIGHTS;
#else
#if defined DOT_WORDS
    if (c.widened) {
        bytes_dot_widened(pixels, blocks, groups, cells, step, (const int16_t *)w, c.block_weights, sum);
        return w + groups * 8 * BLOCK;
    }
#endif
    bytes_dot(pixels, blocks, groups, c.per_word, cells, step, w, c.block_weights, sum);
    return w + groups * 4 * BLOCK;
#endif
}

/* Fetch what is read some input blocks later: caches don't foresee it, and much of it another core may have written. */
INLINE void qconv_fetch(const qconv c, const int pixels, const int blocks, const unsigned char *cells, const int step,
                        const int8_t *w)
{
#if defined DOT_BYTES && defined __SSE2__
    UNROLLED_FOR (int i = 0; i < pixels * step; i += QCONV_LINE) __builtin_prefetch(cells + i);
    if (c.kernel_h * c.kernel_w == 1)
        UNROLLED_FOR (int i = 0; i < blocks * 4; i++)
            __builtin_prefetch(w + i / 4 * c.block_weights + (4 * QCONV_AHEAD + i % 4) * 4 * BLOCK);
#else
    (void)c, (void)pixels, (void)blocks, (void)cells, (void)step, (void)w;
#endif
}

/* Store the bytes of the sums of a block of channels of some pixels. */
#if defined __ARM_FEATURE_MATMUL_INT8
#define qconv_store_bytes qmatrix_store
#else
#define qconv_store_bytes bytes_store_sums
#endif

/* Store the sums of a block of channels of some pixels as they are, or as floats: see bytes_store_sums(). */
INLINE void qconv_store_numbers(const qconv_result result, const ivec *sum, const int step, const int pixels,
                                const float *m, uint8_t *y, const size_t apart, const int channels)
{
    UNROLLED_FOR (int p = 0; p < pixels; p++)
        UNROLLED_FOR (int v = 0; v < VECTORS; v++) {
            const int left = channels - v * LANES;
            ivec number = sum[p * step + v];
            if (result == QCONV_FLOATS)
                number = (ivec)(vec_float(number) * vec_load(m + v * LANES));
            uint8_t *to = y + p * apart + v * sizeof number;
            if (left >= LANES)
                memcpy(to, &number, sizeof number);
            else if (left > 0)
                memcpy(to, &number, left * sizeof(int32_t));
        }
}

/* One tile. y: its first pixel and channel. */
INLINE void qconv_tile(const qconv c, const int pixels, const int blocks, const qconv_source x, const int8_t *w,
                       const int32_t *b, const float *m, uint8_t *y, const int channels)
{
    const int size = qconv_cell(c);
    const int step = c.stride_w / qconv_apart(c) * size;
    ivec sum[QCONV_MAX_SUMS];
#if defined __ARM_FEATURE_MATMUL_INT8
    qmatrix_begin(b, pixels, blocks * VECTORS, sum);
#else
    UNROLLED_FOR (int i = 0; i < pixels * blocks * VECTORS; i++)
        sum[i] = *(const ivec *)(b + i % (blocks * VECTORS) * LANES);
#endif
    for (int block = 0; block < c.in_blocks; block++) {
        const unsigned char *cells = x.cells + block * x.block;
        if (block + QCONV_AHEAD < c.in_blocks)
            qconv_fetch(c, pixels, blocks, cells + QCONV_AHEAD * x.block, step, w);
        for (int ky = 0; ky < c.kernel_h; ky++, cells += x.row)
            for (int kx = 0; kx < c.kernel_w; kx++) {
                const int groups = block < c.in_blocks - 1 ? 4 : c.last_groups;
                if (c.strips)
                    __builtin_prefetch(x.ahead + QCONV_LINE * ((block * c.kernel_h + ky) * c.kernel_w + kx));
                w = qconv_dot(c, pixels, blocks, groups, cells + kx * c.dilation_w * size, step, w, sum);
            }
    }
#if defined __ARM_FEATURE_MATMUL_INT8
    if (c.result != QCONV_BYTES)
        qmatrix_turn(sum, pixels, blocks * VECTORS);
#endif
    UNROLLED_FOR (int i = 0; i < blocks; i++) {
        uint8_t *to = y + (size_t)i * c.out_plane;
        const int left = channels - i * BLOCK;
        if (c.result == QCONV_BYTES)
            qconv_store_bytes(sum + i * VECTORS, blocks * VECTORS, pixels, m + i * BLOCK, c.round, to,
                              (size_t)c.out_pixel, left);
        else
            qconv_store_numbers(c.result, sum + i * VECTORS, blocks * VECTORS, pixels, m + i * BLOCK, to,
                                (size_t)c.out_pixel, left);
    }
}

/* All output blocks from one to another, of some pixels. */
INLINE void qconv_blocks(const qconv c, const int pixels, const qconv_source x, const int8_t *w, const int32_t *b,
                         const float *m, uint8_t *y, const int from, const int to)
{
    for (int i = from; i < to; i += c.blocks) {
        qconv_source first = x;
        if (c.first_block)
            first.cells += c.first_block[i] * x.block;
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
    assert(c.pixels * c.blocks * VECTORS <= QCONV_MAX_SUMS);
    return work_share_in_order(c.splits, c.out_h * tiles, part, parts);
}

/* The first pixel of a row's tile. */
INLINE int qconv_first_of(const qconv c, const int tile)
{
    return tile * c.pixels - work_clamp(tile - c.wide_tiles, 0, tile);
}

INLINE qconv_piece qconv_piece_of(const qconv c, const pieces todo)
{
    const int tiles = c.wide_tiles + c.narrow_tiles, tile = todo.inner % tiles;
    return (qconv_piece){
        .row = todo.inner / tiles,
        .first = qconv_first_of(c, tile),
        .narrow = tile >= c.wide_tiles,
        .from = todo.outer * c.out_blocks / c.splits,
        .to = (todo.outer + 1) * c.out_blocks / c.splits,
    };
}

/* Where the cells of a tile are that were packed. */
INLINE qconv_source qconv_packed(const qconv c, const int narrow, const unsigned char *patch)
{
    const size_t row = (size_t)qconv_cells(c, c.pixels - narrow) * qconv_cell(c);
    return (qconv_source){patch, row, c.kernel_h * row, NULL};
}

/* Where a tile's results go. */
INLINE uint8_t *qconv_results(const qconv c, const qconv_piece t, void *y)
{
    return (uint8_t *)y + (size_t)t.row * c.out_row + (size_t)t.first * c.out_pixel;
}

/* Multiply a tile's cells by the weights, and store its results. */
INLINE void qconv_multiply(const qconv c, const qconv_piece t, const qconv_source x, const int8_t *w, const int32_t *b,
                           const float *m, void *y)
{
    uint8_t *out = qconv_results(c, t, y);
    if (!t.narrow)
        qconv_blocks(c, c.pixels, x, w, b, m, out, t.from, t.to);
    else if (c.narrow_tiles)
        qconv_blocks(c, c.pixels - 1, x, w, b, m, out, t.from, t.to);
}

/* Add other bytes to the results of a tile, which are in the cache. */
INLINE void qconv_add(const qconv c, const qconv_piece t, const uint8_t *other, void *y)
{
    qelements sum = c.sum;
    sum.op = Q_ADD, sum.round.free = 1;
    uint8_t *out = qconv_results(c, t, y);
    other += (size_t)t.row * c.other_row + (size_t)t.first * BLOCK;
    for (int block = t.from; block < t.to; block++) {
        uint8_t *made = out + (size_t)block * c.out_plane;
        qelements_line(sum, made, 1, other + (size_t)block * c.other_plane, 1, made, (c.pixels - t.narrow) * BLOCK);
    }
}

/* The convolution. A piece of work is a tile. */
INLINE void qconv_run(const qconv c, const void *x, const int8_t *w, const int32_t *b, const float *m,
                      const void *other, void *y, void *scratch, int part, int parts)
{
    pieces todo = qconv_share(c, part, parts);
    while (work_next_piece(&todo)) {
        const qconv_piece tile = qconv_piece_of(c, todo);
        const int cells = qconv_cells(c, c.pixels - tile.narrow);
        qconv_source source = qconv_packed(c, tile.narrow, scratch);
        if (qconv_has_cells(c, tile.row, tile.first, cells)) {
            source.cells = (const unsigned char *)x + (size_t)(tile.row * c.stride_h - c.pad_top) * c.in_row +
                           (size_t)(tile.first * c.stride_w - c.pad_left) * BLOCK;
            source.row = (size_t)c.dilation_h * c.in_row, source.block = c.in_plane;
        } else
            qconv_pack(c, x, tile.row * c.stride_h - c.pad_top, c.kernel_h, c.dilation_h, tile.first, cells, scratch);
        qconv_multiply(c, tile, source, w, b, m, y);
        if (c.adds)
            qconv_add(c, tile, other, y);
    }
}

#endif

/* qblend.h - linear interpolation between the pixels of a quantised image, from the tables of resize.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_QBLEND_H
#define EDGE_QBLEND_H

#include "bytes.h"
#include "resize.h"

typedef struct {
    int blocks, out_h, out_w, in_plane, in_row, out_plane, out_row;
    int flip, zero; /* of the input */
    float by;
    rounding round;
} qblend;

/* A block of channels of the pixel between two, the second one with weight `fraction`: each product is rounded by itself. */
INLINE void qblend_between(const qblend c, const uint8_t *first, const uint8_t *second, const float fraction,
                           vec *between)
{
    ivec a[VECTORS], b[VECTORS];
    bytes_widen(bytes_load(first) ^ bytes_splat(c.flip), a);
    bytes_widen(bytes_load(second) ^ bytes_splat(c.flip), b);
    UNROLLED_FOR (int v = 0; v < VECTORS; v++)
        between[v] = bytes_rounded(vec_float(a[v] - c.zero) * (1.0f - fraction)) +
                     bytes_rounded(vec_float(b[v] - c.zero) * fraction);
}

INLINE void qblend_run(const qblend c, const resize_tap *rows, const resize_tap *columns, const void *in, void *out,
                       int part, int parts)
{
    pieces todo = work_share_rows(c.blocks, c.out_h, part, parts);
    while (work_next_piece(&todo)) {
        const resize_tap row = rows[todo.inner];
        const uint8_t *image = (const uint8_t *)in + (size_t)todo.outer * c.in_plane;
        const uint8_t *top = image + row.first * c.in_row, *bottom = image + row.second * c.in_row;
        uint8_t *line = (uint8_t *)out + (size_t)todo.outer * c.out_plane + (size_t)todo.inner * c.out_row;
        for (int x = 0; x < c.out_w; x++) {
            const int left = columns[x].first * BLOCK, right = columns[x].second * BLOCK;
            vec upper[VECTORS], lower[VECTORS];
            qblend_between(c, top + left, top + right, columns[x].fraction, upper);
            qblend_between(c, bottom + left, bottom + right, columns[x].fraction, lower);
            UNROLLED_FOR (int v = 0; v < VECTORS; v++)
                upper[v] =
                    (bytes_rounded(upper[v] * (1.0f - row.fraction)) + bytes_rounded(lower[v] * row.fraction)) * c.by;
            bytes_store(line + x * BLOCK, bytes_round(upper, c.round));
        }
    }
}

#endif

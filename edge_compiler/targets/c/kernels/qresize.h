/* qresize.h - the nearest pixels of quantised images in blocks of channels, from tables for the model's exact coordinate rule.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_QRESIZE_H
#define EDGE_QRESIZE_H

#include "bytes.h"
#include "work.h"

typedef struct {
    int blocks, out_h, out_w, in_plane, in_row, out_plane, out_row; /* in bytes */
} qresize;

/* rows, columns: those of the image, for each of the result. */
INLINE void qresize_run(const qresize c, const int *rows, const int *columns, const void *x, void *y, int part,
                        int parts)
{
    pieces todo = work_share_rows(c.blocks, c.out_h, part, parts);
    while (work_next_piece(&todo)) {
        const uint8_t *from = (const uint8_t *)x + (size_t)todo.outer * c.in_plane + rows[todo.inner] * c.in_row;
        uint8_t *to = (uint8_t *)y + (size_t)todo.outer * c.out_plane + todo.inner * c.out_row;
        for (int i = 0; i < c.out_w; i++) bytes_store(to + i * BLOCK, bytes_load(from + columns[i] * BLOCK));
    }
}

#endif

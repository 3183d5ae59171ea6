/* qback.h - from quantised images to floats, in blocks of channels.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_QBACK_H
#define EDGE_QBACK_H

#include "bytes.h"
#include "work.h"

typedef struct {
    int blocks, height, width;
    int in_plane, in_row, out_plane, out_row;
    int flip, zero;
    float scale;
} qback;

/* out = (x - zero point) * scale */
INLINE void qback_run(const qback c, const void *x, float *out, int part, int parts)
{
    pieces todo = work_share_rows(c.blocks, c.height, part, parts);
    while (work_next_piece(&todo)) {
        const uint8_t *from = (const uint8_t *)x + (size_t)todo.outer * c.in_plane + (size_t)todo.inner * c.in_row;
        float *to = out + (size_t)todo.outer * c.out_plane + (size_t)todo.inner * c.out_row;
        for (int i = 0; i < c.width * BLOCK; i += BLOCK) {
            ivec wide[VECTORS];
            bytes_widen(bytes_load(from + i) ^ bytes_splat(c.flip), wide);
            UNROLLED_FOR (int v = 0; v < VECTORS; v++)
                vec_store(to + i + v * LANES, vec_float(wide[v] - c.zero) * c.scale);
        }
    }
}

#endif

/* halo.h - zeros around an image, so that kernels may read past its edge without a check.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_HALO_H
#define EDGE_HALO_H

#include "work.h"

typedef struct {
    int blocks, height, width;    /* of the image inside */
    int lanes;                    /* floats a pixel */
    int top, left, bottom, right; /* rows and columns of zeros */
} halo;

/* Clear the border of `blocks` planes that begin at `plane`; the memory was used for something else before. */
INLINE void halo_clear(const halo h, float *plane, int part, int parts)
{
    assert(h.top >= 0 && h.left >= 0 && h.bottom >= 0 && h.right >= 0);
    const int row = (h.left + h.width + h.right) * h.lanes, rows = h.top + h.height + h.bottom;
    pieces todo = work_share_rows(h.blocks, rows, part, parts);
    while (work_next_piece(&todo)) {
        const int y = todo.inner;
        float *p = plane + ((size_t)todo.outer * rows + y) * row;
        if (y < h.top || y >= h.top + h.height) {
            memset(p, 0, sizeof(float) * row);
        } else {
            memset(p, 0, sizeof(float) * h.left * h.lanes);
            memset(p + (h.left + h.width) * h.lanes, 0, sizeof(float) * h.right * h.lanes);
        }
    }
}

#endif

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

/* Clear the border of `blocks` planes that begin at `plane`; the memory was used for something else before. The zeros behind a
 * row and those before the next one lie side by side: a piece of work clears both. */
INLINE void halo_clear(const halo h, float *plane, int part, int parts)
{
    assert(h.top >= 0 && h.left >= 0 && h.bottom >= 0 && h.right >= 0);
    const int row = (h.left + h.width + h.right) * h.lanes, rows = h.top + h.height + h.bottom;
    const int before = h.left * h.lanes, behind = h.right * h.lanes;
    pieces todo = work_share_rows(h.blocks, h.height + 1, part, parts);
    while (work_next_piece(&todo)) {
        const int y = todo.inner;
        float *p = plane + ((size_t)todo.outer * rows + h.top + y) * row;
        if (y == 0) {
            memset(p - h.top * row, 0, sizeof(float) * (h.top * row + before));
        } else if (y == h.height) {
            memset(p - behind, 0, sizeof(float) * (behind + h.bottom * row));
        } else { /* so few that GCC stores them, where a call would take longer */
            memset(p - behind, 0, sizeof(float) * behind);
            memset(p, 0, sizeof(float) * before);
        }
    }
}

#endif

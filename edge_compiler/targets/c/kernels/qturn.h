/* qturn.h - quantised images in blocks of channels become planes.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_QTURN_H
#define EDGE_QTURN_H

#include "bytes.h"
#include "work.h"

typedef struct {
    int channels, pixels; /* rows of either image follow each other without a gap */
    int in_plane, out_plane;
} qturn;

/* Bytes of two vectors in turn: those of the first halves, and those of the second ones. */
INLINE void qturn_zip(const bytes16 a, const bytes16 b, bytes16 *low, bytes16 *high)
{
#if defined __AVX__
    __asm__("vpunpcklbw %2, %1, %0" : "=x"(*low) : "x"(a), "x"(b));
    __asm__("vpunpckhbw %2, %1, %0" : "=x"(*high) : "x"(a), "x"(b));
#elif defined __SSE2__
    *low = (bytes16)_mm_unpacklo_epi8((__m128i)a, (__m128i)b);
    *high = (bytes16)_mm_unpackhi_epi8((__m128i)a, (__m128i)b);
#elif defined __ARM_NEON
    const uint8x16x2_t both = vzipq_u8((uint8x16_t)a, (uint8x16_t)b);
    *low = (bytes16)both.val[0], *high = (bytes16)both.val[1];
#else
    UNROLLED_FOR (int i = 0; i < BLOCK; i++) {
        (*low)[i] = (i % 2 ? b : a)[i / 2];
        (*high)[i] = (i % 2 ? b : a)[BLOCK / 2 + i / 2];
    }
#endif
}

/* A piece of work is 16 pixels of a block. */
INLINE void qturn_run(const qturn c, const void *x, void *y, int part, int parts)
{
    pieces todo = work_share_rows((c.channels + BLOCK - 1) / BLOCK, (c.pixels + BLOCK - 1) / BLOCK, part, parts);
    while (work_next_piece(&todo)) {
        const int first = todo.inner * BLOCK, count = work_clamp(c.pixels - first, 0, BLOCK);
        const int planes = work_clamp(c.channels - todo.outer * BLOCK, 0, BLOCK);
        const uint8_t *from = (const uint8_t *)x + (size_t)todo.outer * c.in_plane + (size_t)first * BLOCK;
        uint8_t *to = (uint8_t *)y + (size_t)todo.outer * BLOCK * c.out_plane + first;
        bytes16 v[BLOCK], next[BLOCK];
        UNROLLED_FOR (int i = 0; i < BLOCK; i++) v[i] = bytes_load(from + (i < count ? i : 0) * BLOCK);
        UNROLLED_FOR (int turn = 0; turn < 4; turn++) { /* the bits of pixel and channel go round by one each time */
            UNROLLED_FOR (int i = 0; i < BLOCK / 2; i++)
                qturn_zip(v[i], v[i + BLOCK / 2], next + 2 * i, next + 2 * i + 1);
            UNROLLED_FOR (int i = 0; i < BLOCK; i++) v[i] = next[i];
        }
        UNROLLED_FOR (int i = 0; i < BLOCK; i++) {
            if (i >= planes)
                break;
            if (count == BLOCK)
                bytes_store(to + (size_t)i * c.out_plane, v[i]);
            else
                bytes_store_some(to + (size_t)i * c.out_plane, v[i], count);
        }
    }
}

#endif

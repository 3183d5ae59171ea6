/* bytes_store.h - from the sums of neighbouring pixels to bytes in memory.
 *
 * AVX-512 makes the bytes of four pixels at once, AVX2 those of two: each by itself takes twice the instructions, which is much
 * where few channels are summed up.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_BYTES_STORE_H
#define EDGE_BYTES_STORE_H

#include "bytes_wide.h"

#if defined __AVX2__
enum { BYTES_TOGETHER = BYTES_VECTORS / VECTORS };

#define STORE_PIXEL(lane, p) \
    if ((p) < count)         \
    __asm__(EXTRACT " $" lane ", %1, %0" : "=m"(*(bytes16 *)(y + (p) * apart)) : "v"(low))
#if defined __AVX512BW__
#define EXTRACT "vextracti32x4"
#else
#define EXTRACT "vextracti128"
#endif

/* Store numbers of a block of channels of some pixels, `apart` bytes from each other. */
INLINE void bytes_store_together(const vec *x, const int count, const rounding c, uint8_t *y, const size_t apart)
{
    vec all[BYTES_VECTORS];
    UNROLLED_FOR (int i = 0; i < BYTES_VECTORS; i++) all[i] = x[i < count * VECTORS ? i : 0];
    const ivec low = bytes_turn(bytes_wide_round(all, c)); /* each lane had four bytes of each vector */
    if (count == BYTES_TOGETHER && apart == BLOCK)
        memcpy(y, &low, sizeof low);
    else {
        STORE_PIXEL("0", 0);
        STORE_PIXEL("1", 1);
#if defined __AVX512BW__
        STORE_PIXEL("2", 2);
        STORE_PIXEL("3", 3);
#endif
    }
}
#undef STORE_PIXEL
#undef EXTRACT
#endif

/* Store the bytes of a pixel, as many as there are channels. */
INLINE void bytes_store_channels(uint8_t *y, const bytes16 v, const int channels)
{
    if (channels >= BLOCK)
        bytes_store(y, v);
    else
        bytes_store_some(y, v, channels);
}

/* Store the bytes of sums: of a block of channels of some pixels, whose sums are `step` vectors from each other, their bytes
 * `apart`. Each channel is multiplied by its number of m. */
INLINE void bytes_store_sums(const ivec *sum, const int step, const int pixels, const float *m, const rounding c,
                             uint8_t *y, const size_t apart, const int channels)
{
#if defined __AVX2__
    if (channels >= BLOCK) {
        UNROLLED_FOR (int first = 0; first < pixels; first += BYTES_TOGETHER) {
            const int count = pixels - first < BYTES_TOGETHER ? pixels - first : BYTES_TOGETHER;
            vec scaled[BYTES_VECTORS];
            UNROLLED_FOR (int i = 0; i < count * VECTORS; i++)
                scaled[i] =
                    vec_float(sum[(first + i / VECTORS) * step + i % VECTORS]) * vec_load(m + i % VECTORS * LANES);
            bytes_store_together(scaled, count, c, y + first * apart, apart);
        }
        return;
    }
#endif
    vec scales[VECTORS]; /* loaded once: for all that compilers know, a store of bytes changes them */
    UNROLLED_FOR (int v = 0; v < VECTORS; v++) scales[v] = vec_load(m + v * LANES);
    UNROLLED_FOR (int p = 0; p < pixels; p++)
        bytes_store_channels(y + p * apart, bytes_of_sums(sum + p * step, (const float *)scales, c), channels);
}

#endif

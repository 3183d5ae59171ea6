/* qsums.h - convolution and products of bytes whose zero point, and the scale of whose sums, are known when they are computed.
 *
 * Ahead of them a step writes what they add and multiply: [16: the zero point, again and again][sums to begin with][scales], each
 * channel one and whole blocks of both.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_QSUMS_H
#define EDGE_QSUMS_H

#include "qplanes.h"

typedef struct {
    int channels;
    int flip, least; /* of the input: see bytes.h; what its bytes are less than those that products take */
    int scales;      /* one for all, or one a channel; 0: none */
} qsums;

INLINE int qsums_padded(const int channels) { return (channels + BLOCK - 1) / BLOCK * BLOCK; }

/* weights: the sum of each channel's. */
INLINE void qsums_prepare(const qsums c, const uint8_t *zero, const int32_t *weights, const float *scales, int32_t *out,
                          int part, int parts)
{
    const int padded = qsums_padded(c.channels), point = *zero ^ c.flip;
    float *multipliers = (float *)(out + BLOCK + padded);
    const range todo = work_share(padded, part, parts);
    for (int i = todo.first; i < todo.last; i++) {
        const int inside = i < c.channels;
        out[BLOCK + i] = inside ? (c.least - point) * weights[i] : 0;
        multipliers[i] = inside && c.scales ? scales[c.scales == 1 ? 0 : i] : 0.0f;
        if (i < BLOCK)
            out[i] = point;
    }
}

INLINE void qsums_run(const qconv c, const void *x, const int8_t *w, const int32_t *given, const void *other, void *y,
                      void *scratch, int part, int parts)
{
    qconv sums = c;
    sums.outside = *given;
    const int32_t *b = given + BLOCK;
    qconv_run(sums, x, w, b, (const float *)(b + c.out_blocks * BLOCK), other, y, scratch, part, parts);
}

/* The same of images in planes. */
INLINE void qsums_planes_run(const qconv c, const void *x, const int8_t *w, const int32_t *given, void *y,
                             void *scratch, int part, int parts)
{
    qconv sums = c;
    sums.outside = *given;
    const int32_t *b = given + BLOCK;
    qplanes_run(sums, x, w, b, (const float *)(b + c.out_blocks * BLOCK), y, scratch, part, parts);
}

#endif

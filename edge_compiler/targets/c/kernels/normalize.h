/* normalize.h - Softmax and local response normalisation.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_NORMALIZE_H
#define EDGE_NORMALIZE_H

#include <math.h>

#include "work.h"

typedef struct {
    int outer, length, inner;
} softmax;

/* Softmax along the middle one of three dense dimensions. */
INLINE void softmax_run(const softmax c, const float *in, float *out, int part, int parts)
{
    pieces todo = share_in_order(c.outer, c.inner, part, parts);
    while (next_piece(&todo)) {
        const size_t at = (size_t)todo.outer * c.length * c.inner + todo.inner;
        float largest = -INFINITY, sum = 0.0f;
        for (int k = 0; k < c.length; k++) {
            const float x = in[at + (size_t)k * c.inner];
            if (!(x <= largest))
                largest = x;
        }
        for (int k = 0; k < c.length; k++) {
            const float e = expf(in[at + (size_t)k * c.inner] - largest);
            out[at + (size_t)k * c.inner] = e;
            sum += e;
        }
        for (int k = 0; k < c.length; k++) out[at + (size_t)k * c.inner] *= 1.0f / sum;
    }
}

typedef struct {
    int channels, height, width, in_plane, in_row, out_plane, out_row;
    int size;
    float alpha, beta, bias;
} lrn;

/* x / (bias + alpha / size * sum of x^2 over `size` neighbouring channels)^beta */
INLINE void lrn_run(const lrn c, const float *in, float *out, float *scratch, int part, int parts)
{
    pieces todo = share_in_order(c.height, c.width, part, parts);
    const int before = (c.size - 1) / 2, after = c.size - 1 - before;
    float *square = scratch + before; /* of one pixel's channels, zeros on both sides */
    memset(scratch, 0, sizeof(float) * before);
    memset(square + c.channels, 0, sizeof(float) * after);
    while (next_piece(&todo)) {
        const float *x = in + todo.outer * c.in_row + todo.inner * BLOCK;
        float *y = out + todo.outer * c.out_row + todo.inner * BLOCK;
        for (int k = 0; k < c.channels; k++) {
            const float value = x[(size_t)(k / BLOCK) * c.in_plane + k % BLOCK];
            square[k] = value * value;
        }
        for (int k = 0; k < c.channels; k++) {
            float sum = 0.0f;
            for (int j = -before; j <= after; j++) sum += square[k + j];
            const float base = c.bias + c.alpha / (float)c.size * sum;
            const float power = c.beta == 0.75f ? 1.0f / (sqrtf(base) * sqrtf(sqrtf(base))) : powf(base, -c.beta);
            y[(size_t)(k / BLOCK) * c.out_plane + k % BLOCK] = x[(size_t)(k / BLOCK) * c.in_plane + k % BLOCK] * power;
        }
        for (int k = c.channels; k % BLOCK; k++) y[(size_t)(k / BLOCK) * c.out_plane + k % BLOCK] = 0.0f;
    }
}

#endif

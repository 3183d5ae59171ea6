/* winograd_weights.h - from the weights of a convolution, packed as conv.h says, to those of winograd.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_WINOGRAD_WEIGHTS_H
#define EDGE_WINOGRAD_WEIGHTS_H

#include "pairs.h"
#include "weights.h"
#include "winograd_transform.h"
#include "work.h"

/* Lanes of so many channels: where points are pairs of bfloat16, two channels count as one, as in conv.h. */
INLINE int winograd_weights_lanes(const int pairs, const int channels) { return pairs ? (channels + 1) / 2 : channels; }

/* Transform the kernel of one input channel for one output block. w: its 3 x 3 positions, `step` weights apart; points are
 * `stride` floats apart. */
INLINE void winograd_weights_channel(const int m, const float distance, const int half_weights, const void *restrict w,
                                     const int step, float *restrict points, const int stride)
{
    const int a = m + 2;
    for (int v = 0; v < BLOCK; v += LANES) {
        vec half[3][WINOGRAD_MAX]; /* [column][point] */
        UNROLLED_FOR (int x = 0; x < 3; x++) {
            vec d[3];
            UNROLLED_FOR (int y = 0; y < 3; y++)
                d[y] = weights_load(weights_at(w, (y * 3 + x) * step + v, half_weights), half_weights);
            winograd_transform_kernel(m, distance, d, half[x]);
        }
        UNROLLED_FOR (int y = 0; y < a; y++) {
            vec d[3], o[WINOGRAD_MAX];
            UNROLLED_FOR (int x = 0; x < 3; x++) d[x] = half[x][y];
            winograd_transform_kernel(m, distance, d, o);
            UNROLLED_FOR (int x = 0; x < a; x++) vec_store(points + (y * a + x) * stride + v, o[x]);
        }
    }
}

/* The same of two channels, as pairs. others: the second one's weights; NULL: there is none (of float16 there is one). */
INLINE void winograd_weights_pair(const int m, const int half_weights, const void *restrict w,
                                  const void *restrict others, const int step, float *restrict points, const int stride)
{
    float channels[2][WINOGRAD_MAX * WINOGRAD_MAX * BLOCK] __attribute__((aligned(64)));
    winograd_weights_channel(m, winograd_transform_distance(1), half_weights, w, step, channels[0], BLOCK);
    if (others)
        winograd_weights_channel(m, winograd_transform_distance(1), half_weights, others, step, channels[1], BLOCK);
    for (int i = 0; i < (m + 2) * (m + 2); i++) {
#if HALF_PRODUCTS /* apart, see conv_half_lanes() */
        UNROLLED_FOR (int j = 0; j < 2; j++)
            halves_store_block(points + i * stride + j * BLOCK / 2, channels[j] + i * BLOCK, 1.0f);
#else
        UNROLLED_FOR (int v = 0; v < BLOCK; v += LANES) {
            const vec second = others ? vec_load(channels[1] + i * BLOCK + v) : vec_splat(0.0f);
            vec_store(points + i * stride + v, pairs_join(vec_load(channels[0] + i * BLOCK + v), second));
        }
#endif
    }
}

/* Transform the kernels of an input block's channels. */
INLINE void winograd_weights_block(const int m, const int pairs, const int half_weights, const void *restrict w,
                                   const int channels, float *restrict points, const int stride)
{
    for (int i = 0; i < channels; i += 1 + pairs, w = weights_at(w, (1 + pairs) * BLOCK, half_weights)) {
        float *to = points + winograd_weights_lanes(pairs, i) * BLOCK;
        if (pairs)
            winograd_weights_pair(m, half_weights, w, i + 1 < channels ? weights_at(w, BLOCK, half_weights) : NULL,
                                  channels * BLOCK, to, stride);
        else
            winograd_weights_channel(m, winograd_transform_distance(0), half_weights, w, channels * BLOCK, to, stride);
    }
}

typedef struct {
    int m, half, pairs, channels, blocks; /* half: they are in float16 */
} winograd_weights;

/* Transform the weights, packed as conv.h says. */
INLINE void winograd_weights_prepare(const winograd_weights c, const void *w, float *prepared, int part, int parts)
{
    const int points = (c.m + 2) * (c.m + 2), lanes = winograd_weights_lanes(c.pairs, c.channels);
    pieces todo = work_share_in_order(c.blocks, (c.channels + BLOCK - 1) / BLOCK, part, parts);
    while (work_next_piece(&todo)) {
        const int block = todo.outer, first = todo.inner * BLOCK;
        const int channels = c.channels - first < BLOCK ? c.channels - first : BLOCK; /* of this input block */
        winograd_weights_block(
            c.m, c.pairs, c.half, weights_at(w, ((ptrdiff_t)block * c.channels + first) * 9 * BLOCK, c.half), channels,
            prepared + ((size_t)block * points * lanes + winograd_weights_lanes(c.pairs, first)) * BLOCK,
            lanes * BLOCK);
    }
}

#endif

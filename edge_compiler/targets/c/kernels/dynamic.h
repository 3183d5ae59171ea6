/* dynamic.h - by which scale and zero point numbers become bytes, from their own range.
 *
 * The range is found in pieces: [piece][least, largest], of which the scale and the zero point are made each by itself.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_DYNAMIC_H
#define EDGE_DYNAMIC_H

#include "quantise.h"
#include "reduce.h"

typedef struct {
    int count, pieces;
} dynamic;

INLINE void dynamic_range(const dynamic c, const float *x, float *ranges, int part, int parts)
{
    const range todo = work_share(c.pieces, part, parts);
    const vec none = vec_splat(0.0f);
    for (int i = todo.first; i < todo.last; i++) {
        const range numbers = work_share(c.count, i, c.pieces);
        const int count = numbers.last - numbers.first;
        ranges[2 * i] = reduce_line(REDUCE_MIN, count, x + numbers.first, none)[0];
        ranges[2 * i + 1] = reduce_line(REDUCE_MAX, count, x + numbers.first, none)[0];
    }
}

/* The least and the largest number, or zero; returns the scale, which is 1 if all numbers are zero. */
INLINE float dynamic_scale_of(const dynamic c, const float *ranges, float *least)
{
    vec low = vec_splat(0.0f), high = low;
    for (int i = 0; i < c.pieces; i++) {
        low = vec_min_or_nan(low, vec_splat(ranges[2 * i]));
        high = vec_max_or_nan(high, vec_splat(ranges[2 * i + 1]));
    }
    *least = low[0];
    return high[0] == low[0] ? 1.0f : (high[0] - low[0]) / quantise_divisor(255.0f);
}

INLINE void dynamic_scale(const dynamic c, const float *ranges, float *scale, int part, int parts)
{
    float least;
    (void)parts;
    if (part == 0)
        *scale = dynamic_scale_of(c, ranges, &least);
}

INLINE void dynamic_zero(const dynamic c, const float *ranges, uint8_t *zero, int part, int parts)
{
    float least;
    const float scale = dynamic_scale_of(c, ranges, &least), place = -least / quantise_divisor(scale);
    (void)parts;
    if (part == 0) /* NaN is not larger */
        *zero = (uint8_t)rintf(place > 0.0f ? (place < 255.0f ? place : 255.0f) : 0.0f);
}

#endif

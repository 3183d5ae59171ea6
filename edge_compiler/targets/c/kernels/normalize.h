/* normalize.h - Softmax, normalisation of layers and local responses.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_NORMALIZE_H
#define EDGE_NORMALIZE_H

#include <math.h>

#include "work.h"

/* The sum of the first `count` elements of a vector. */
INLINE float sum_of(vec v, int count)
{
    float sum = 0.0f;
    for (int i = 0; i < count && i < LANES; i++) sum += v[i];
    return sum;
}

/* The middle one of three dimensions in row-major order. */
typedef struct {
    int outer, length, inner;
} axis;

/* Softmax of neighbouring elements. */
INLINE void softmax_line(const int length, const float *in, float *out)
{
    float largest = -INFINITY, sum = 0.0f;
    vec most = splat(-INFINITY), total = splat(0.0f);
    int x = 0;
    for (; x + LANES <= length; x += LANES) most = vec_max_or_nan(most, load_unaligned(in + x));
    for (int i = 0; i < LANES; i++) largest = most[i] <= largest ? largest : most[i];
    for (; x < length; x++) largest = in[x] <= largest ? largest : in[x];
    for (x = 0; x < length; x += LANES) {
        const vec e = vec_exp(load_some(in + x, length - x) - largest);
        store_some(out + x, e, length - x);
        if (x + LANES <= length)
            total += e;
        else
            sum = sum_of(e, length - x);
    }
    const float factor = 1.0f / (sum + sum_of(total, LANES));
    for (x = 0; x < length; x += LANES) store_some(out + x, load_some(out + x, length - x) * factor, length - x);
}

/* Softmax of so many lines side by side, each along elements that lie `step` apart. */
INLINE void softmax_lines(const int length, const int step, const int lines, const float *in, float *out)
{
    vec largest = splat(-INFINITY), sum = splat(0.0f);
    for (int k = 0; k < length; k++) largest = vec_max_or_nan(largest, load_some(in + (size_t)k * step, lines));
    for (int k = 0; k < length; k++) {
        const vec e = vec_exp(load_some(in + (size_t)k * step, lines) - largest);
        store_some(out + (size_t)k * step, e, lines);
        sum += e;
    }
    const vec factor = 1.0f / sum;
    for (int k = 0; k < length; k++) {
        float *p = out + (size_t)k * step;
        store_some(p, load_some(p, lines) * factor, lines);
    }
}

INLINE void softmax_run(const axis c, const float *in, float *out, int part, int parts)
{
    pieces todo = share_in_order(c.outer, (c.inner + LANES - 1) / LANES, part, parts);
    while (next_piece(&todo)) {
        const int line = todo.inner * LANES;
        const size_t at = (size_t)todo.outer * c.length * c.inner + line;
        if (c.inner == 1)
            softmax_line(c.length, in + at, out + at);
        else
            softmax_lines(c.length, c.inner, c.inner - line, in + at, out + at);
    }
}

typedef struct {
    int lines, length, has_shift;
    float epsilon;
} layer_norm;

/* (x - mean) / sqrt(variance + epsilon) * scale + shift, for each line of neighbouring elements. */
INLINE void layer_norm_run(const layer_norm c, const float *in, const float *scale, const float *shift, float *out,
                           int part, int parts)
{
    const range todo = share(c.lines, part, parts);
    const int whole = c.length / LANES * LANES;
    for (int i = todo.first; i < todo.last; i++) {
        const float *x = in + (size_t)i * c.length;
        float *y = out + (size_t)i * c.length;
        vec sums = splat(0.0f), squares = splat(0.0f);
        for (int k = 0; k < whole; k += LANES) sums += load_unaligned(x + k) - x[0];
        float sum = sum_of(sums, LANES), square = 0.0f;
        for (int k = whole; k < c.length; k++) sum += x[k] - x[0];
        const float mean = x[0] + sum / (float)c.length; /* exact where all are equal */
        for (int k = 0; k < whole; k += LANES) {
            const vec difference = load_unaligned(x + k) - mean;
            squares += difference * difference;
        }
        for (int k = whole; k < c.length; k++) square += (x[k] - mean) * (x[k] - mean);
        const float variance = (square + sum_of(squares, LANES)) / (float)c.length;
        const float factor = 1.0f / sqrtf(variance + c.epsilon);
        for (int k = 0; k < c.length; k += LANES) {
            const int left = c.length - k;
            vec result = (load_some(x + k, left) - mean) * (load_some(scale + k, left) * factor);
            if (c.has_shift)
                result += load_some(shift + k, left);
            store_some(y + k, result, left);
        }
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

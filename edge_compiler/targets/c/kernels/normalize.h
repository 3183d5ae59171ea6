/* normalize.h - Softmax, normalisation of layers and local responses.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_NORMALIZE_H
#define EDGE_NORMALIZE_H

#include <math.h>

#include "work.h"

#if defined __AVX__
enum { NORMALIZE_STEPS = LANES == 16 ? 4 : 3 }; /* each folds a vector once more */

/* Exchange elements that are so many apart, a power of two. */
INLINE vec normalize_exchange(vec v, const int apart)
{
#if defined __AVX512F__
    if (apart == 8)
        __asm__("vshuff64x2 $0x4e, %0, %0, %0" : "+v"(v));
    else if (apart == 4)
        __asm__("vshuff64x2 $0xb1, %0, %0, %0" : "+v"(v));
#else
    if (apart == 4)
        __asm__("vperm2f128 $1, %0, %0, %0" : "+x"(v));
#endif
    else if (apart == 2)
        __asm__("vpermilps $0x4e, %0, %0" : "+v"(v));
    else
        __asm__("vpermilps $0xb1, %0, %0" : "+v"(v));
    return v;
}
#endif

/* Vectors of exponentials at once: as many as registers hold. */
#if defined __arm__
enum { NORMALIZE_TOGETHER = 1 };
#else
enum { NORMALIZE_TOGETHER = LANES == 16 ? 6 : 4 };
#endif

/* e^x = 2^(x NORMALIZE_LOG2E) */
#define NORMALIZE_LOG2E 1.44269504f

/* The sum of a vector's elements. */
INLINE float normalize_sum(vec v)
{
#if defined __AVX__
    UNROLLED_FOR (int i = 1; i <= NORMALIZE_STEPS; i++) v += normalize_exchange(v, LANES >> i);
    return v[0];
#else
    float sum = 0.0f;
    for (int i = 0; i < LANES; i++) sum += v[i];
    return sum;
#endif
}

/* The largest of a vector's elements; see normalize_largest(). */
INLINE float normalize_most(vec v)
{
#if defined __AVX__
    UNROLLED_FOR (int i = 1; i <= NORMALIZE_STEPS; i++) v = vec_max(v, normalize_exchange(v, LANES >> i));
    return v[0];
#else
    float most = -INFINITY;
    for (int i = 0; i < LANES; i++) most = v[i] <= most ? most : v[i];
    return most;
#endif
}

/* The middle one of three dimensions in row-major order. */
typedef struct {
    int outer, length, inner;
} axis;

/* The largest element; if one is NaN, then any: the sum of exponentials is NaN, whatever is subtracted. Several maxima, as
 * each would wait for the one before. */
INLINE float normalize_largest(const int length, const float *in)
{
    vec most[4] = {vec_splat(-INFINITY), vec_splat(-INFINITY), vec_splat(-INFINITY), vec_splat(-INFINITY)};
    int x = 0;
    for (; x + 4 * LANES <= length; x += 4 * LANES)
        UNROLLED_FOR (int i = 0; i < 4; i++) most[i] = vec_max(most[i], vec_load_unaligned(in + x + i * LANES));
    for (; x + LANES <= length; x += LANES) most[0] = vec_max(most[0], vec_load_unaligned(in + x));
    float largest = normalize_most(vec_max(vec_max(most[0], most[1]), vec_max(most[2], most[3])));
    for (; x < length; x++) largest = in[x] <= largest ? largest : in[x];
    return largest;
}

/* 2^(x - whole) of several vectors, within 2 ulp: a minimax polynomial of what lies beside the nearest integer, which is exact.
 * That is found by adding 1.5 * 2^23, with the bias of floats less `whole`, so that the sum's last bits are the exponent of the
 * result. Below -126.5 that is zero. Each step waits for the one before, so processors do a step of all vectors in little more
 * time than that of one.
 * whole: an integer, no further than 2^22 from zero. */
INLINE void normalize_powers(vec *x, const int count, const float whole)
{
    const float integer = 12582912.0f + 127.0f - whole, least = whole - 127.0f;
    vec n[NORMALIZE_TOGETHER], p[NORMALIZE_TOGETHER];
    UNROLLED_FOR (int i = 0; i < count; i++) x[i] = vec_max(vec_splat(least), x[i]);
    UNROLLED_FOR (int i = 0; i < count; i++) n[i] = x[i] + integer;
    UNROLLED_FOR (int i = 0; i < count; i++) x[i] -= n[i] - integer;
    UNROLLED_FOR (int i = 0; i < count; i++) p[i] = 1.326472723e-3f * x[i] + 9.671512771e-3f;
    UNROLLED_FOR (int i = 0; i < count; i++) p[i] = p[i] * x[i] + 5.550733744e-2f;
    UNROLLED_FOR (int i = 0; i < count; i++) p[i] = p[i] * x[i] + 2.402224208e-1f;
    UNROLLED_FOR (int i = 0; i < count; i++) p[i] = p[i] * x[i] + 6.931469776e-1f;
    UNROLLED_FOR (int i = 0; i < count; i++) n[i] = (vec)((ivec)n[i] << 23);
    UNROLLED_FOR (int i = 0; i < count; i++) x[i] *= n[i]; /* no step waits for this one */
    UNROLLED_FOR (int i = 0; i < count; i++) x[i] = p[i] * x[i] + n[i];
}

/* 2^(scale (x - largest) - whole) of neighbouring elements; return sums of these, to be added up by normalize_sum(). */
INLINE vec normalize_exponentials(const int length, const float scale, const float largest, const float whole,
                                  const float *in, float *out)
{
    vec total = vec_splat(0.0f);
    int x = 0;
    for (; x + NORMALIZE_TOGETHER * LANES <= length; x += NORMALIZE_TOGETHER * LANES) {
        vec e[NORMALIZE_TOGETHER];
        UNROLLED_FOR (int i = 0; i < NORMALIZE_TOGETHER; i++)
            e[i] = (vec_load_unaligned(in + x + i * LANES) - largest) * scale;
        normalize_powers(e, NORMALIZE_TOGETHER, whole);
        UNROLLED_FOR (int i = 0; i < NORMALIZE_TOGETHER; i++) vec_store_some(out + x + i * LANES, e[i], LANES);
        UNROLLED_FOR (int i = 1; i < NORMALIZE_TOGETHER; i++) e[0] += e[i];
        total += e[0]; /* all that waits for those before */
    }
    for (; x < length; x += LANES) {
        vec e = (vec_load_some(in + x, length - x) - largest) * scale;
        normalize_powers(&e, 1, whole);
        vec_store_some(out + x, e, length - x);
        total += vec_load_some(out + x, length - x);
    }
    return total;
}

/* Multiply neighbouring elements by a number, in place. */
INLINE void normalize_scale(const int length, const float factor, float *line)
{
    for (int x = 0; x < length; x += LANES)
        vec_store_some(line + x, vec_load_some(line + x, length - x) * factor, length - x);
}

/* Softmax of neighbouring elements. */
INLINE void normalize_softmax_line(const int length, const float *in, float *out)
{
    const float largest = normalize_largest(length, in);
    const float sum = normalize_sum(normalize_exponentials(length, NORMALIZE_LOG2E, largest, 0.0f, in, out));
    normalize_scale(length, 1.0f / sum, out);
}

/* Softmax of so many lines side by side, each along elements that lie `step` apart. */
INLINE void normalize_softmax_lines(const int length, const int step, const int lines, const float *in, float *out)
{
    vec largest = vec_splat(-INFINITY), sum = vec_splat(0.0f);
    for (int k = 0; k < length; k++) largest = vec_max_or_nan(largest, vec_load_some(in + (size_t)k * step, lines));
    for (int k = 0; k < length; k++) {
        const vec e = vec_exp(vec_load_some(in + (size_t)k * step, lines) - largest);
        vec_store_some(out + (size_t)k * step, e, lines);
        sum += e;
    }
    const vec factor = 1.0f / sum;
    for (int k = 0; k < length; k++) {
        float *p = out + (size_t)k * step;
        vec_store_some(p, vec_load_some(p, lines) * factor, lines);
    }
}

typedef struct {
    axis along;
    int rows; /* of each matrix, of which there are along.outer / rows */
} softmax;

INLINE void normalize_softmax_run(const softmax c, const float *in, float *out, int part, int parts)
{
    const axis a = c.along;
    assert(a.length > 0 && a.inner > 0 && a.outer % c.rows == 0);
    const int groups = (a.inner + LANES - 1) / LANES;
    pieces todo = work_share_rows(a.outer / c.rows, c.rows * groups, part, parts);
    while (work_next_piece(&todo)) {
        const int row = todo.outer * c.rows + todo.inner / groups, line = todo.inner % groups * LANES;
        const size_t at = (size_t)row * a.length * a.inner + line;
        if (a.inner == 1)
            normalize_softmax_line(a.length, in + at, out + at);
        else
            normalize_softmax_lines(a.length, a.inner, a.inner - line, in + at, out + at);
    }
}

typedef struct {
    int lines, length, has_shift;
    float epsilon;
} layer_norm;

/* (x - mean) / sqrt(variance + epsilon) * scale + shift, for each line of neighbouring elements. */
INLINE void normalize_layer_run(const layer_norm c, const float *in, const float *scale, const float *shift, float *out,
                                int part, int parts)
{
    assert(c.length > 0);
    const range todo = work_share(c.lines, part, parts);
    const int whole = c.length / LANES * LANES;
    for (int i = todo.first; i < todo.last; i++) {
        const float *x = in + (size_t)i * c.length;
        float *y = out + (size_t)i * c.length;
        vec sums = vec_splat(0.0f), squares = vec_splat(0.0f);
        for (int k = 0; k < whole; k += LANES) sums += vec_load_unaligned(x + k) - x[0];
        float sum = normalize_sum(sums), square = 0.0f;
        for (int k = whole; k < c.length; k++) sum += x[k] - x[0];
        const float mean = x[0] + sum / (float)c.length; /* exact where all are equal */
        for (int k = 0; k < whole; k += LANES) {
            const vec difference = vec_load_unaligned(x + k) - mean;
            squares += difference * difference;
        }
        for (int k = whole; k < c.length; k++) square += (x[k] - mean) * (x[k] - mean);
        const float variance = (square + normalize_sum(squares)) / (float)c.length;
        const float factor = 1.0f / sqrtf(variance + c.epsilon);
        for (int k = 0; k < c.length; k += LANES) {
            const int left = c.length - k;
            vec result = (vec_load_some(x + k, left) - mean) * (vec_load_some(scale + k, left) * factor);
            if (c.has_shift)
                result += vec_load_some(shift + k, left);
            vec_store_some(y + k, result, left);
        }
    }
}

typedef struct {
    int channels, height, width, in_plane, in_row, out_plane, out_row;
    int size;
    float alpha, beta, bias;
} lrn;

/* x / (bias + alpha / size * sum of x^2 over `size` neighbouring channels)^beta */
INLINE void normalize_lrn_run(const lrn c, const float *in, float *out, float *scratch, int part, int parts)
{
    assert(c.size > 0 && c.channels > 0);
    pieces todo = work_share_in_order(c.height, c.width, part, parts);
    const int before = (c.size - 1) / 2, after = c.size - 1 - before;
    float *square = scratch + before; /* of one pixel's channels, zeros on both sides */
    memset(scratch, 0, sizeof(float) * before);
    memset(square + c.channels, 0, sizeof(float) * after);
    while (work_next_piece(&todo)) {
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

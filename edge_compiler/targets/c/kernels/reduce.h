/* reduce.h - sums, means, extremes, products and norms along an axis, and running sums.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_REDUCE_H
#define EDGE_REDUCE_H

#include "activation.h"
#include "elements.h"
#include "normalize.h"

typedef enum {
    REDUCE_SUM,
    REDUCE_MEAN,
    REDUCE_MAX,
    REDUCE_MIN,
    REDUCE_PROD,
    REDUCE_L1,
    REDUCE_L2,
    REDUCE_SUM_SQUARE,
    REDUCE_LOG_SUM,
    REDUCE_LOG_SUM_EXP
} reduction;

typedef struct {
    axis along;
    reduction how;
} reduce;

INLINE float reduce_start(reduction how)
{
    return how == REDUCE_MAX ? -INFINITY : how == REDUCE_MIN ? INFINITY : how == REDUCE_PROD ? 1.0f : 0.0f;
}

/* What an element contributes; exponentials are of what is above `base`. */
INLINE vec reduce_one(reduction how, vec x, vec base)
{
    switch (how) {
    case REDUCE_L1: return vec_max(x, -x);
    case REDUCE_L2:
    case REDUCE_SUM_SQUARE: return x * x;
    case REDUCE_LOG_SUM_EXP: return vec_exp(x - base);
    default: return x;
    }
}

INLINE vec reduce_two(reduction how, vec a, vec b)
{
    switch (how) {
    case REDUCE_MAX: return vec_max_or_nan(a, b);
    case REDUCE_MIN: return vec_min_or_nan(a, b);
    case REDUCE_PROD: return a * b;
    default: return a + b;
    }
}

/* Combine elements that lie `step` apart, for some lines side by side. */
INLINE vec reduce_lines(reduction how, int length, int step, const float *x, int lines, vec base)
{
    vec result = vec_splat(reduce_start(how));
    for (int k = 0; k < length; k++)
        result = reduce_two(how, result, reduce_one(how, vec_load_some(x + (size_t)k * step, lines), base));
    return result;
}

/* Combine neighbouring elements; every lane has the result. */
INLINE vec reduce_line(reduction how, int length, const float *x, vec base)
{
    const int whole = length / LANES;
    const vec lanes = reduce_lines(how, whole, LANES, x, LANES, base);
    vec one = vec_splat(reduce_start(how));
    for (int k = 0; k < LANES && whole > 0; k++) one = reduce_two(how, one, vec_splat(lanes[k]));
    for (int k = whole * LANES; k < length; k++) one = reduce_two(how, one, reduce_one(how, vec_splat(x[k]), base));
    return one;
}

INLINE vec reduce_along(reduction how, const axis along, const float *x, int lines, vec base)
{
    return along.inner == 1 ? reduce_line(how, along.length, x, base)
                            : reduce_lines(how, along.length, along.inner, x, lines, base);
}

INLINE void reduce_run(const reduce c, const float *in, float *out, int part, int parts)
{
    const int inner = c.along.inner, length = c.along.length;
    pieces todo = work_share_in_order(c.along.outer, (inner + LANES - 1) / LANES, part, parts);
    while (work_next_piece(&todo)) {
        const int line = todo.inner * LANES, lines = inner - line;
        const float *x = in + (size_t)todo.outer * length * inner + line;
        vec base = vec_splat(0.0f);
        if (c.how == REDUCE_LOG_SUM_EXP) { /* the largest, unless that is infinite */
            const vec most = reduce_along(REDUCE_MAX, c.along, x, lines, base);
            base = vec_select(vec_max(most, -most) < vec_splat(INFINITY), most, base);
        }
        vec result = reduce_along(c.how, c.along, x, lines, base);
        if (c.how == REDUCE_MEAN)
            result *= 1.0f / (float)length;
        else if (c.how == REDUCE_L2)
            result = vec_sqrt(result);
        else if (c.how == REDUCE_LOG_SUM || c.how == REDUCE_LOG_SUM_EXP)
            result = activation_log(result) + base;
        vec_store_some(out + (size_t)todo.outer * inner + line, result, lines);
    }
}

/* The same of integers: sums, products and extremes. U is unsigned and no shorter than an int: it doesn't overflow. */
#define REDUCE(T, U)                                                                                   \
    INLINE void reduce_##T(const reduce c, const T *restrict in, T *restrict out, int part, int parts) \
    {                                                                                                  \
        const int inner = c.along.inner;                                                               \
        const range todo = work_share(c.along.outer * inner, part, parts);                             \
        for (int i = todo.first; i < todo.last; i++) {                                                 \
            const T *x = in + (size_t)(i / inner) * c.along.length * inner + i % inner;                \
            T result = c.how == REDUCE_SUM ? 0 : c.how == REDUCE_PROD ? 1 : *x;                        \
            for (int k = 0; k < c.along.length; k++) {                                                 \
                const T next = x[(size_t)k * inner];                                                   \
                result = c.how == REDUCE_SUM    ? (T)((U)result + (U)next)                             \
                         : c.how == REDUCE_PROD ? (T)((U)result * (U)next)                             \
                         : c.how == REDUCE_MAX  ? (next > result ? next : result)                      \
                                                : (next < result ? next : result);                     \
            }                                                                                          \
            out[i] = result;                                                                           \
        }                                                                                              \
    }
REDUCE(int8_t, uint32_t)
REDUCE(uint8_t, uint32_t)
REDUCE(int16_t, uint32_t)
REDUCE(uint16_t, uint32_t)
REDUCE(int32_t, uint32_t)
REDUCE(uint32_t, uint32_t)
REDUCE(int64_t, uint64_t)
#undef REDUCE

typedef struct {
    axis along;
    int exclusive; /* an element's own sum leaves it out */
    int backwards;
} running_sum;

/* The sums of the elements along an axis up to each of them. */
#define RUNNING_SUM(T, U)                                                                                           \
    INLINE void reduce_running_##T(const running_sum c, const T *restrict in, T *restrict out, int part, int parts) \
    {                                                                                                               \
        const int inner = c.along.inner, length = c.along.length;                                                   \
        const range todo = work_share(c.along.outer * inner, part, parts);                                          \
        for (int i = todo.first; i < todo.last; i++) {                                                              \
            const size_t first = (size_t)(i / inner) * length * inner + i % inner;                                  \
            U sum = 0;                                                                                              \
            for (int k = 0; k < length; k++) {                                                                      \
                const size_t at = first + (size_t)(c.backwards ? length - 1 - k : k) * inner;                       \
                const U next = sum + (U)in[at];                                                                     \
                out[at] = (T)(c.exclusive ? sum : next);                                                            \
                sum = next;                                                                                         \
            }                                                                                                       \
        }                                                                                                           \
    }
RUNNING_SUM(float, float)
RUNNING_SUM(int32_t, uint32_t)
RUNNING_SUM(int64_t, uint64_t)
#undef RUNNING_SUM

#endif

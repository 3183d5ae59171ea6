/* plain.h - what the loops of the target c99 share. They go over tensors in row-major order, and are C99 that needs math.h.
 *
 * A kernel computes part `part` of `parts` of its work; all of it is part 0 of 1.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_PLAIN_H
#define EDGE_PLAIN_H

#include <math.h>
#include <stddef.h>
#include <string.h>

#define NOINLINE static
#define PLAIN_AXES 6

/* Loop over this part of `count` pieces of work. */
#define PLAIN_SHARE(i, count) \
    for (long i = (long)(count) * part / parts, i##_end = (long)(count) * (part + 1) / parts; i < i##_end; i++)

typedef enum {
    ACT_NONE,
    ACT_RELU,
    ACT_CLIP,
    ACT_LEAKY_RELU,
    ACT_SIGMOID,
    ACT_SILU,
    ACT_TANH,
    ACT_NEG,
    ACT_ABS,
    ACT_HARD_SIGMOID,
    ACT_HARD_SWISH,
    ACT_ELU,
    ACT_SOFTPLUS,
    ACT_SQRT,
    ACT_RECIPROCAL,
    ACT_EXP,
    ACT_LOG
} plain_function;

/* A function of one number, as ONNX defines it; a and b are its parameters. */
typedef struct {
    plain_function op;
    float a, b;
} plain_activation;

/* As ONNX's Clip: `high` where the bounds are crossed, NaN where x is. */
static inline float plain_limit(float x, float low, float high)
{
    const float above = x < low ? low : x;
    return above > high ? high : above;
}

static inline float plain_activate(const plain_activation f, float x)
{
    switch (f.op) {
    case ACT_RELU: return x < 0.0f ? 0.0f : x; /* NaN stays what it is */
    case ACT_CLIP: return plain_limit(x, f.a, f.b);
    case ACT_LEAKY_RELU: return x < 0.0f ? f.a * x : x;
    case ACT_SIGMOID: return 1.0f / (1.0f + expf(-x));
    case ACT_SILU: return x / (1.0f + expf(-x));
    case ACT_TANH: return tanhf(x);
    case ACT_NEG: return -x;
    case ACT_ABS: return fabsf(x);
    case ACT_HARD_SIGMOID: return plain_limit(f.a * x + f.b, 0.0f, 1.0f);
    case ACT_HARD_SWISH: return x * plain_limit(x / 6.0f + 0.5f, 0.0f, 1.0f);
    case ACT_ELU: return x < 0.0f ? f.a * expm1f(x) : x;
    case ACT_SOFTPLUS: return x > 0.0f ? x + log1pf(expf(-x)) : log1pf(expf(x));
    case ACT_SQRT: return sqrtf(x);
    case ACT_RECIPROCAL: return 1.0f / x;
    case ACT_EXP: return expf(x);
    case ACT_LOG: return logf(x);
    default: return x;
    }
}

/* Return where element `index` of a box lies whose elements are so many apart along each axis. */
static inline size_t plain_place(const int *shape, const int *steps, size_t index)
{
    ptrdiff_t place = 0;
    for (int axis = PLAIN_AXES - 1; axis >= 0; axis--) {
        place += (ptrdiff_t)(index % (size_t)shape[axis]) * steps[axis];
        index /= (size_t)shape[axis];
    }
    return (size_t)place;
}

static inline size_t plain_size(const int *shape)
{
    size_t size = 1;
    for (int axis = 0; axis < PLAIN_AXES; axis++) size *= (size_t)shape[axis];
    return size;
}

#endif

/* activation.h - functions of one number that kernels apply to their results before they store them.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_ACTIVATION_H
#define EDGE_ACTIVATION_H

#include "simd.h"

typedef enum {
    ACT_NONE, ACT_RELU, ACT_CLIP, ACT_LEAKY_RELU, ACT_SIGMOID, ACT_SILU, ACT_TANH, ACT_HARD_SIGMOID, ACT_HARD_SWISH
} activation_kind;

/* Clip: a = minimum, b = maximum. LeakyRelu: a = alpha. HardSigmoid: a = alpha, b = beta. */
typedef struct { activation_kind kind; float a, b; } activation;

INLINE vec sigmoid(vec x) { return vec_reciprocal(1.0f + vec_exp(-x)); }

/* tanh(x), relative error below 3e-7: near zero a polynomial (Cephes tanhf), where 2 sigmoid(2x) - 1 cancels. */
INLINE vec vec_tanh(vec x)
{
    const vec z = x * x;
    vec p = splat(-5.70498872745e-3f);
    p = p * z + 2.06390887954e-2f;
    p = p * z - 5.37397155531e-2f;
    p = p * z + 1.33314422036e-1f;
    p = p * z - 3.33332819422e-1f;
    return vec_select(z < 0.390625f, p * z * x + x, 2.0f * sigmoid(2.0f * x) - 1.0f);
}

/* Is it long code? Then kernels apply it in a loop over what they have stored, not for each register of a tile. */
INLINE int is_long(activation act)
{
    return act.kind == ACT_SIGMOID || act.kind == ACT_SILU || act.kind == ACT_TANH;
}

INLINE vec activate(activation act, vec x)
{
    switch (act.kind) {
    case ACT_NONE: return x;
    case ACT_RELU: return vec_max(splat(0.0f), x);
    case ACT_CLIP: return vec_min(splat(act.b), vec_max(splat(act.a), x));
    case ACT_LEAKY_RELU: return vec_max(splat(0.0f), x) + act.a * vec_min(splat(0.0f), x);
    case ACT_SIGMOID: return sigmoid(x);
    case ACT_SILU: return x * sigmoid(x);
    case ACT_TANH: return vec_tanh(x);
    case ACT_HARD_SIGMOID: return vec_min(splat(1.0f), vec_max(splat(0.0f), act.a * x + act.b));
    case ACT_HARD_SWISH: return x * vec_min(splat(1.0f), vec_max(splat(0.0f), x * (1.0f / 6.0f) + 0.5f));
    }
    return x;
}

INLINE void activate_each(activation act, float *line, int floats)
{
    NO_UNROLL for (int i = 0; i < floats; i += LANES) store(line + i, activate(act, load(line + i)));
}

/* Long code is a function of its own: where it is inlined, GCC keeps its constants for the next tile, and the registers hold
 * neither these nor the tile. */
#define LONG_CODE NOINLINE __attribute__((unused))
LONG_CODE void sigmoid_line(float *line, int floats) { activate_each((activation){ACT_SIGMOID, 0, 0}, line, floats); }
LONG_CODE void silu_line(float *line, int floats) { activate_each((activation){ACT_SILU, 0, 0}, line, floats); }
LONG_CODE void tanh_line(float *line, int floats) { activate_each((activation){ACT_TANH, 0, 0}, line, floats); }

/* Apply a long one to so many floats, whole blocks, in place. */
INLINE void activate_line(activation act, float *line, int floats)
{
    if (act.kind == ACT_SIGMOID) sigmoid_line(line, floats);
    if (act.kind == ACT_SILU) silu_line(line, floats);
    if (act.kind == ACT_TANH) tanh_line(line, floats);
}

#endif

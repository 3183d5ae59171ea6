/* activation.h - functions of one number that kernels apply to their results before they store them.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_ACTIVATION_H
#define EDGE_ACTIVATION_H

#include "vec.h"

typedef enum {
    ACT_NONE,
    ACT_RELU,
    ACT_CLIP,
    ACT_LEAKY_RELU,
    ACT_SIGMOID,
    ACT_SILU,
    ACT_TANH,
    ACT_HARD_SIGMOID,
    ACT_HARD_SWISH,
    ACT_ELU,
    ACT_ERF,
    ACT_GELU,
    ACT_GELU_TANH,
    ACT_NEG,
    ACT_ABS,
    ACT_SELU,
    ACT_SOFTPLUS,
    ACT_SOFTSIGN,
    ACT_THRESHOLDED_RELU,
    ACT_FLOOR,
    ACT_CEIL,
    ACT_ROUND,
    ACT_SIGN,
    ACT_SQRT,
    ACT_RECIPROCAL,
    ACT_EXP,
    ACT_LOG,
    ACT_SIN,
    ACT_COS,
    ACT_TAN,
    ACT_ASIN,
    ACT_ACOS,
    ACT_ATAN,
    ACT_SINH,
    ACT_COSH,
    ACT_ASINH,
    ACT_ACOSH,
    ACT_ATANH
} activation_kind;

/* Clip: a = minimum, b = maximum. LeakyRelu, Elu, ThresholdedRelu: a = alpha. HardSigmoid: a = alpha,
 * b = beta. Selu: a = alpha, b = gamma. */
typedef struct {
    activation_kind kind;
    float a, b;
} activation;

INLINE vec activation_sigmoid(vec x) { return vec_reciprocal(1.0f + vec_exp(-x)); }

/* tanh(x), relative error below 3e-7: near zero a polynomial (Cephes tanhf), where 2 sigmoid(2x) - 1 cancels. */
INLINE vec activation_tanh(vec x)
{
    const vec z = x * x;
    vec p = vec_splat(-5.70498872745e-3f);
    p = p * z + 2.06390887954e-2f;
    p = p * z - 5.37397155531e-2f;
    p = p * z + 1.33314422036e-1f;
    p = p * z - 3.33332819422e-1f;
    return vec_select(z < 0.390625f, p * z * x + x, 2.0f * activation_sigmoid(2.0f * x) - 1.0f);
}

/* exp(x) - 1 for x <= 0, within 5 ulp: near zero a minimax polynomial, where the difference cancels. */
INLINE vec activation_expm1(vec x)
{
    vec p = vec_splat(1.121634829e-3f);
    p = p * x + 8.187385883e-3f;
    p = p * x + 4.162908909e-2f;
    p = p * x + 1.666622408e-1f;
    p = p * x + 4.999998075e-1f;
    return vec_select(x > -0.5f, p * x * x + x, vec_exp(x) - 1.0f);
}

/* 2^x for x <= 0, within 2 ulp: a minimax polynomial of what lies beside the nearest integer, which is exact. */
INLINE vec activation_exp2(vec x)
{
    x = vec_max(vec_splat(-127.0f), x);
    const ivec n = vec_round(x);
    const vec f = x - vec_float(n);
    vec p = vec_splat(1.326472723e-3f);
    p = p * f + 9.671512771e-3f;
    p = p * f + 5.550733744e-2f;
    p = p * f + 2.402224208e-1f;
    p = p * f + 6.931469776e-1f;
    p = p * f + 1.0f;
    return p * (vec)((n + 127) << 23);
}

/* The normal distribution's integral from a >= 0 on: exp(-a^2 / 2) times a minimax polynomial in t = 1 / (1 + 0.3 a). Where a
 * grows, rounding of a^2 / 2 is what its error comes from: 4 ulp up to a = 1, 22 ulp at a = 5. */
INLINE vec activation_normal_tail(vec a)
{
    const vec t = vec_reciprocal(1.0f + 0.3f * a);
    vec p = vec_splat(-2.061283534e-2f);
    p = p * t + 1.123758097e-1f;
    p = p * t - 2.280675845e-1f;
    p = p * t + 1.915817847e-1f;
    p = p * t - 7.924741111e-2f;
    p = p * t + 9.605786564e-2f;
    p = p * t + 7.842556781e-2f;
    p = p * t + 1.102273263e-1f;
    p = p * t + 1.195728409e-1f;
    p = p * t + 1.196866341e-1f;
    return p * t * activation_exp2(-0.72134752f * (a * a));
}

/* erf(x), within 3 ulp: below one a minimax polynomial, where 1 - 2 normal_tail cancels. */
INLINE vec activation_erf(vec x)
{
    const vec z = x * x, far = 1.0f - 2.0f * activation_normal_tail(1.41421356f * vec_max(x, -x));
    vec p = vec_splat(7.853860974e-5f);
    p = p * z - 8.010193510e-4f;
    p = p * z + 5.188327673e-3f;
    p = p * z - 2.685381193e-2f;
    p = p * z + 1.128358515e-1f;
    p = p * z - 3.761262582e-1f;
    p = p * z + 1.128379166f;
    return vec_select(z < 1.0f, p * x, vec_select(x < 0.0f, -far, far));
}

/* x times the normal distribution's integral up to x, which has no cancellation below zero either. */
INLINE vec activation_gelu(vec x)
{
    const vec tail = activation_normal_tail(vec_max(x, -x));
    return x * vec_select(x < 0.0f, tail, 1.0f - tail);
}

/* 0.5 x (1 + tanh(y)) = x sigmoid(2 y), with y = sqrt(2 / pi) (x + 0.044715 x^3) */
INLINE vec activation_gelu_tanh(vec x) { return x * activation_sigmoid(1.59576912f * (x + 0.044715f * x * x * x)); }

/* exp(x), within 5 ulp: as the square of a root it neither overflows too early nor loses denormal numbers. */
INLINE vec activation_exp(vec x)
{
    const vec root = vec_exp(0.5f * x);
    return root * root;
}

/* log(x), within 2 ulp (Cephes logf); of zero minus infinity, of what is below zero NaN. */
INLINE vec activation_log(vec x)
{
    const ivec tiny = x < 1.17549435e-38f; /* a denormal number has no exponent of its own */
    const vec normal = vec_select(tiny, x * 8388608.0f, x);
    /* Without the sign, which decides at the end. 0x3f3504f3 is the root of 1/2: the mantissa is from this to its double. */
    const ivec bits = ((ivec)normal & INT32_MAX) - 0x3f3504f3;
    const vec exponent = vec_float(bits >> 23) - vec_select(tiny, vec_splat(23.0f), vec_splat(0.0f));
    const vec f = (vec)((bits & 0x7fffff) + 0x3f3504f3) - 1.0f, z = f * f;
    vec p = vec_splat(7.0376836292e-2f);
    p = p * f - 1.1514610310e-1f;
    p = p * f + 1.1676998740e-1f;
    p = p * f - 1.2420140846e-1f;
    p = p * f + 1.4249322787e-1f;
    p = p * f - 1.6668057665e-1f;
    p = p * f + 2.0000714765e-1f;
    p = p * f - 2.4999993993e-1f;
    p = p * f + 3.3333331174e-1f;
    const vec rest = p * f * z - exponent * 2.12194440e-4f - 0.5f * z;
    const vec value = f + rest + exponent * 0.693359375f;
    const vec finite = vec_select(x < vec_splat(INFINITY), value, x);
    return vec_select(x > 0.0f, finite, vec_select(x == 0.0f, vec_splat(-INFINITY), vec_splat(NAN)));
}

/* log(1 + exp(x)), within 8 ulp: 1 + exp(x) loses digits of the exponential, which the quotient gives back. */
INLINE vec activation_softplus(vec x)
{
    const vec small = vec_exp(vec_min(x, -x)), sum = 1.0f + small;
    const vec log = vec_select(sum == 1.0f, small, activation_log(sum) * small / (sum - 1.0f));
    return vec_max(vec_splat(0.0f), x) + log;
}

/* The nearest integer, of two the even one: from 2^23 on all numbers are integers, and sums are rounded to them. */
INLINE vec activation_round(vec x)
{
    const ivec sign = (ivec)x & INT32_MIN;
    const vec size = vec_max(x, -x), rounded = size + 8388608.0f - 8388608.0f;
    return vec_select(size < 8388608.0f, (vec)((ivec)rounded | sign), x);
}

INLINE vec activation_floor(vec x)
{
    const vec below = activation_round(x);
    return vec_select(below > x, below - 1.0f, below);
}

/* Functions of the C library, lane by lane: they are rare, and keep all digits however large a number is. */
#define LIBRARY_FUNCTIONS(X) X(sin) X(cos) X(tan) X(asin) X(acos) X(atan) X(sinh) X(cosh) X(asinh) X(acosh) X(atanh)
#define LANE_BY_LANE(name)                                           \
    INLINE vec activation_##name(vec x)                              \
    {                                                                \
        ROLLED_FOR (int i = 0; i < LANES; i++) x[i] = name##f(x[i]); \
        return x;                                                    \
    }
LIBRARY_FUNCTIONS(LANE_BY_LANE)
#undef LANE_BY_LANE

/* Those that are long code: kernels apply them in a loop over what they have stored, not for each register of a tile. */
#define LONG_ACTIVATIONS(X) \
    X(SIGMOID) X(SILU) X(TANH) X(ELU) X(ERF) X(GELU) X(GELU_TANH) X(SELU) X(SOFTPLUS) X(SIN) X(COS) X(ATAN) X(ASINH)

#define OR_IS(kind_) || act.kind == ACT_##kind_
INLINE int activation_is_long(activation act) { return 0 LONG_ACTIVATIONS(OR_IS); }
#undef OR_IS

INLINE vec activation_apply(activation act, vec x)
{
    switch (act.kind) {
    case ACT_NONE: return x;
    case ACT_RELU: return vec_max(vec_splat(0.0f), x);
    case ACT_CLIP: return vec_min(vec_splat(act.b), vec_max(vec_splat(act.a), x));
    case ACT_LEAKY_RELU: return vec_max(vec_splat(0.0f), x) + act.a * vec_min(vec_splat(0.0f), x);
    case ACT_SIGMOID: return activation_sigmoid(x);
    case ACT_SILU: return x * activation_sigmoid(x);
    case ACT_TANH: return activation_tanh(x);
    case ACT_HARD_SIGMOID: return vec_min(vec_splat(1.0f), vec_max(vec_splat(0.0f), act.a * x + act.b));
    case ACT_HARD_SWISH: return x * vec_min(vec_splat(1.0f), vec_max(vec_splat(0.0f), x * (1.0f / 6.0f) + 0.5f));
    case ACT_ELU: return vec_select(x < 0.0f, act.a * activation_expm1(x), x);
    case ACT_ERF: return activation_erf(x);
    case ACT_GELU: return activation_gelu(x);
    case ACT_GELU_TANH: return activation_gelu_tanh(x);
    case ACT_NEG: return -x;
    case ACT_ABS: return vec_max(x, -x);
    case ACT_SELU: return act.b * vec_select(x < 0.0f, act.a * activation_expm1(x), x);
    case ACT_SOFTPLUS: return activation_softplus(x);
    case ACT_SOFTSIGN: return x / (1.0f + vec_max(x, -x));
    case ACT_THRESHOLDED_RELU: return vec_select(x > act.a, x, vec_splat(0.0f));
    case ACT_FLOOR: return activation_floor(x);
    case ACT_CEIL: return -activation_floor(-x);
    case ACT_ROUND: return activation_round(x);
    case ACT_SIGN: return vec_select(x > 0.0f, vec_splat(1.0f), vec_select(x < 0.0f, vec_splat(-1.0f), x));
    case ACT_SQRT: return vec_sqrt(x);
    case ACT_RECIPROCAL: return 1.0f / x;
    case ACT_EXP: return activation_exp(x);
    case ACT_LOG: return activation_log(x);
    case ACT_SIN: return activation_sin(x);
    case ACT_COS: return activation_cos(x);
    case ACT_TAN: return activation_tan(x);
    case ACT_ASIN: return activation_asin(x);
    case ACT_ACOS: return activation_acos(x);
    case ACT_ATAN: return activation_atan(x);
    case ACT_SINH: return activation_sinh(x);
    case ACT_COSH: return activation_cosh(x);
    case ACT_ASINH: return activation_asinh(x);
    case ACT_ACOSH: return activation_acosh(x);
    case ACT_ATANH: return activation_atanh(x);
    }
    return x;
}

INLINE void activation_apply_each(activation act, float *line, int floats)
{
    ROLLED_FOR (int i = 0; i < floats; i += LANES) vec_store(line + i, activation_apply(act, vec_load(line + i)));
}

/* Long code is a function of its own: where it is inlined, GCC keeps its constants for the next tile, and the registers hold
 * neither these nor the tile. */
#define LONG_CODE NOINLINE __attribute__((unused))
#define LINE(kind)                                                                   \
    LONG_CODE void activation_line_##kind(float a, float b, float *line, int floats) \
    {                                                                                \
        activation_apply_each((activation){ACT_##kind, a, b}, line, floats);         \
    }
LONG_ACTIVATIONS(LINE)
#undef LINE

/* Apply a long one to so many floats, whole blocks, in place. */
INLINE void activation_apply_line(activation act, float *line, int floats)
{
#define IF_IS(kind_)             \
    if (act.kind == ACT_##kind_) \
        activation_line_##kind_(act.a, act.b, line, floats);
    LONG_ACTIVATIONS(IF_IS)
#undef IF_IS
}

/* The same for pixels of a block that lie so many floats apart. */
INLINE void activation_apply_pixels(activation act, float *pixels, int count, int step)
{
    if (step == BLOCK)
        activation_apply_line(act, pixels, count * BLOCK);
    else
        for (int i = 0; i < count; i++) activation_apply_line(act, pixels + i * step, BLOCK);
}

#endif

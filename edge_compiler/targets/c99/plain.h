/* plain.h - the kernels of the target c99: loops over tensors in row-major order, in C99 that needs math.h and string.h.
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

/* A window that moves over planes; the sizes of an image and of what is computed of it. */
typedef struct {
    int in_h, in_w, out_h, out_w;
    int kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
    int images, groups, in_channels, out_channels; /* of a group */
    int has_residual;
    plain_activation act;
} plain_conv;

/* weights: (groups * out_channels, in_channels, kernel_h, kernel_w) */
static inline void plain_conv_run(const plain_conv c, const float *in, const float *weights, const float *bias,
                                  const float *residual, float *out, int part, int parts)
{
    const size_t in_plane = (size_t)c.in_h * c.in_w, taps = (size_t)c.kernel_h * c.kernel_w;
    PLAIN_SHARE(plane, c.images * c.groups * c.out_channels)
    {
        const long image_group = plane / c.out_channels, output = plane % ((long)c.groups * c.out_channels);
        const float *from = in + image_group * c.in_channels * in_plane;
        const float *w = weights + output * c.in_channels * taps;
        size_t at = (size_t)plane * c.out_h * c.out_w;
        for (int y = 0; y < c.out_h; y++)
            for (int x = 0; x < c.out_w; x++, at++) {
                float sum = bias[output];
                for (int channel = 0; channel < c.in_channels; channel++)
                    for (int ky = 0; ky < c.kernel_h; ky++) {
                        const int iy = y * c.stride_h + ky * c.dilation_h - c.pad_top;
                        if (iy < 0 || iy >= c.in_h)
                            continue;
                        for (int kx = 0; kx < c.kernel_w; kx++) {
                            const int ix = x * c.stride_w + kx * c.dilation_w - c.pad_left;
                            if (ix >= 0 && ix < c.in_w)
                                sum += from[channel * in_plane + (size_t)iy * c.in_w + ix] *
                                       w[channel * taps + (size_t)ky * c.kernel_w + kx];
                        }
                    }
                if (c.has_residual)
                    sum += residual[at];
                out[at] = plain_activate(c.act, sum);
            }
    }
}

typedef struct {
    int planes, in_h, in_w, out_h, out_w;
    int kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
    int padded_h, padded_w;
    int average, count_include_pad;
} plain_pool;

static inline void plain_pool_run(const plain_pool c, const float *in, float *out, int part, int parts)
{
    PLAIN_SHARE(plane, c.planes)
    {
        const float *from = in + (size_t)plane * c.in_h * c.in_w;
        float *to = out + (size_t)plane * c.out_h * c.out_w;
        for (int y = 0; y < c.out_h; y++)
            for (int x = 0; x < c.out_w; x++) {
                float sum = 0.0f, most = -INFINITY;
                int inside = 0, padded = 0;
                for (int ky = 0; ky < c.kernel_h; ky++)
                    for (int kx = 0; kx < c.kernel_w; kx++) {
                        const int py = y * c.stride_h + ky * c.dilation_h, px = x * c.stride_w + kx * c.dilation_w;
                        const int iy = py - c.pad_top, ix = px - c.pad_left;
                        padded += py < c.padded_h && px < c.padded_w;
                        if (iy < 0 || iy >= c.in_h || ix < 0 || ix >= c.in_w)
                            continue;
                        const float value = from[(size_t)iy * c.in_w + ix];
                        inside++;
                        sum += value;
                        most = value > most || value != value ? value : most;
                    }
                to[(size_t)y * c.out_w + x] = c.average ? sum / (float)(c.count_include_pad ? padded : inside) : most;
            }
    }
}

typedef struct {
    int lines, length;
} plain_lines;

static inline void plain_mean_run(const plain_lines c, const float *in, float *out, int part, int parts)
{
    PLAIN_SHARE(line, c.lines)
    {
        double sum = 0.0;
        for (int i = 0; i < c.length; i++) sum += in[(size_t)line * c.length + i];
        out[line] = (float)(sum / c.length);
    }
}

typedef struct {
    int rows, inputs, outputs;
    plain_activation act;
} plain_product;

/* in: (rows, inputs), weights: (outputs, inputs), bias: (outputs), out: (rows, outputs) */
static inline void plain_product_run(const plain_product c, const float *in, const float *weights, const float *bias,
                                     float *out, int part, int parts)
{
    PLAIN_SHARE(i, c.rows * c.outputs)
    {
        const long row = i / c.outputs, output = i % c.outputs;
        float sum = bias[output];
        for (int k = 0; k < c.inputs; k++) sum += in[row * c.inputs + k] * weights[output * c.inputs + k];
        out[i] = plain_activate(c.act, sum);
    }
}

typedef struct {
    int count;
    plain_activation act;
} plain_unary;

static inline void plain_unary_run(const plain_unary c, const float *in, float *out, int part, int parts)
{
    PLAIN_SHARE(i, c.count) out[i] = plain_activate(c.act, in[i]);
}

typedef struct {
    int lines, channels, length;
    plain_activation act;
} plain_affine;

/* Scale and shift each channel of what is (images, channels, length). */
static inline void plain_affine_run(const plain_affine c, const float *in, const float *scale, const float *shift,
                                    float *out, int part, int parts)
{
    PLAIN_SHARE(line, c.lines)
    for (size_t i = (size_t)line * c.length; i < (size_t)(line + 1) * c.length; i++)
        out[i] = plain_activate(c.act, in[i] * scale[line % c.channels] + shift[line % c.channels]);
}

typedef enum {
    PLAIN_ADD,
    PLAIN_SUB,
    PLAIN_MUL,
    PLAIN_DIV,
    PLAIN_MAX,
    PLAIN_MIN,
    PLAIN_PRELU,
    PLAIN_POW
} plain_operation;

typedef struct {
    int shape[PLAIN_AXES], a[PLAIN_AXES], b[PLAIN_AXES]; /* of the output; floats to the next element, 0 to repeat */
    plain_operation op;
    plain_activation act;
} plain_binary;

static inline float plain_combine(plain_operation op, float a, float b)
{
    switch (op) {
    case PLAIN_ADD: return a + b;
    case PLAIN_SUB: return a - b;
    case PLAIN_MUL: return a * b;
    case PLAIN_DIV: return a / b;
    case PLAIN_MAX: return a > b || a != a ? a : b;
    case PLAIN_MIN: return a < b || a != a ? a : b;
    case PLAIN_PRELU: return a < 0.0f ? a * b : a;
    default: return powf(a, b);
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

static inline void plain_binary_run(const plain_binary c, const float *a, const float *b, float *out, int part,
                                    int parts)
{
    PLAIN_SHARE(i, plain_size(c.shape))
    {
        const float x = a[plain_place(c.shape, c.a, (size_t)i)], y = b[plain_place(c.shape, c.b, (size_t)i)];
        out[i] = plain_activate(c.act, plain_combine(c.op, x, y));
    }
}

typedef struct {
    int shape[PLAIN_AXES], in[PLAIN_AXES], out[PLAIN_AXES], bytes;
} strided_copy;

static inline void copy_strided_run(const strided_copy c, const float *in, float *out, int part, int parts)
{
    PLAIN_SHARE(i, plain_size(c.shape))
    {
        const ptrdiff_t from = (ptrdiff_t)plain_place(c.shape, c.in, (size_t)i);
        out[(ptrdiff_t)plain_place(c.shape, c.out, (size_t)i)] = in[from];
    }
}

typedef struct {
    int count;
    float value;
} plain_fill;

static inline void plain_fill_run(const plain_fill c, float *out, int part, int parts)
{
    PLAIN_SHARE(i, c.count) out[i] = c.value;
}

typedef struct {
    int outer, length, inner;
} plain_axis;

static inline void plain_softmax_run(const plain_axis c, const float *in, float *out, int part, int parts)
{
    PLAIN_SHARE(i, c.outer * c.inner)
    {
        const size_t first = (size_t)(i / c.inner) * c.length * c.inner + (size_t)(i % c.inner);
        float most = -INFINITY, sum = 0.0f;
        for (int k = 0; k < c.length; k++) most = fmaxf(most, in[first + (size_t)k * c.inner]);
        for (int k = 0; k < c.length; k++) {
            const float e = expf(in[first + (size_t)k * c.inner] - most);
            out[first + (size_t)k * c.inner] = e;
            sum += e;
        }
        for (int k = 0; k < c.length; k++) out[first + (size_t)k * c.inner] /= sum;
    }
}

typedef struct {
    int images, channels, pixels, size;
    float alpha, beta, bias;
} plain_lrn;

static inline void plain_lrn_run(const plain_lrn c, const float *in, float *out, int part, int parts)
{
    PLAIN_SHARE(plane, c.images * c.channels)
    {
        const long image = plane / c.channels, channel = plane % c.channels;
        const long from = channel - (c.size - 1) / 2, to = channel + c.size / 2;
        for (int i = 0; i < c.pixels; i++) {
            const float *pixel = in + (size_t)image * c.channels * c.pixels + i;
            float squares = 0.0f;
            for (long k = from < 0 ? 0 : from; k <= to && k < c.channels; k++)
                squares += pixel[k * c.pixels] * pixel[k * c.pixels];
            const float scale = powf(c.bias + c.alpha / (float)c.size * squares, -c.beta);
            out[(size_t)plane * c.pixels + i] = pixel[channel * c.pixels] * scale;
        }
    }
}

#endif

/* plain_numbers.h - functions of each element, and sums over some of them.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_PLAIN_NUMBERS_H
#define EDGE_PLAIN_NUMBERS_H

#include "plain.h"

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

/* plain_windows.h - convolutions, pools and products.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_PLAIN_WINDOWS_H
#define EDGE_PLAIN_WINDOWS_H

#include "plain.h"

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

#endif

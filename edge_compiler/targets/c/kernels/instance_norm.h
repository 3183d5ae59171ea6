/* instance_norm.h - normalisation of each channel of an image by its own mean and variance.
 *
 * (x - mean) / sqrt(variance + epsilon) * scale + shift, then the activation. What is summed up is the difference from the
 * channel's first element, row by row, so that little is lost of large numbers and of long sums.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_INSTANCE_NORM_H
#define EDGE_INSTANCE_NORM_H

#include <math.h>

#include "activation.h"
#include "work.h"

typedef struct {
    int blocks, height, width, in_plane, in_row, out_plane, out_row;
    float epsilon;
    activation act;
} instance_norm;

/* The sum over all pixels of the differences from `origin`, or of their squares. */
INLINE vec instance_norm_sum(const instance_norm c, const float *in, vec origin, const int squared)
{
    vec total = vec_splat(0.0f);
    for (int y = 0; y < c.height; y++) {
        vec sum = vec_splat(0.0f);
        for (int x = 0; x < c.width; x++) {
            const vec difference = vec_load(in + y * c.in_row + x * BLOCK) - origin;
            sum += squared ? difference * difference : difference;
        }
        total += sum;
    }
    return total;
}

/* Of an image in blocks: so many channels at once as a vector holds. */
INLINE void instance_norm_run(const instance_norm c, const float *in, const float *scale, const float *shift,
                              float *out, int part, int parts)
{
    assert(c.height > 0 && c.width > 0);
    const range todo = work_share(c.blocks * VECTORS, part, parts);
    const float pixels = (float)(c.height * c.width);
    for (int i = todo.first; i < todo.last; i++) {
        const int block = i / VECTORS, lane = i % VECTORS * LANES;
        const float *image = in + (size_t)block * c.in_plane + lane;
        float *result = out + (size_t)block * c.out_plane + lane;
        const vec first = vec_load(image), mean = first + instance_norm_sum(c, image, first, 0) / pixels;
        const vec variance = instance_norm_sum(c, image, mean, 1) / pixels;
        const vec factor = vec_load(scale + i * LANES) / vec_sqrt(variance + c.epsilon),
                  offset = vec_load(shift + i * LANES);
        for (int y = 0; y < c.height; y++)
            for (int x = 0; x < c.width; x++) {
                const vec normal = (vec_load(image + y * c.in_row + x * BLOCK) - mean) * factor + offset;
                vec_store(result + y * c.out_row + x * BLOCK, activation_apply(c.act, normal));
            }
    }
}

typedef struct {
    int lines, channels, length;
    float epsilon;
    activation act;
} instance_norm_lines;

enum { INSTANCE_NORM_CHUNK = 4096 };

/* The sum over a line of neighbouring elements of the differences from `origin`, or of their squares. */
INLINE float instance_norm_lines_sum(const float *x, const int length, float origin, const int squared)
{
    float total = 0.0f;
    for (int first = 0; first < length; first += INSTANCE_NORM_CHUNK) {
        const int left = length - first, count = left < INSTANCE_NORM_CHUNK ? left : INSTANCE_NORM_CHUNK;
        vec sums = vec_splat(0.0f);
        for (int k = 0; k < count; k += LANES) {
            vec difference = vec_load_some(x + first + k, count - k) - origin;
            if (k + LANES > count)
                for (int lane = count - k; lane < LANES; lane++) difference[lane] = 0.0f;
            sums += squared ? difference * difference : difference;
        }
        for (int lane = 0; lane < LANES; lane++) total += sums[lane];
    }
    return total;
}

/* Of a row-major value: each channel is a line. */
INLINE void instance_norm_lines_run(const instance_norm_lines c, const float *in, const float *scale,
                                    const float *shift, float *out, int part, int parts)
{
    assert(c.lines % c.channels == 0 && c.length > 0);
    const range todo = work_share(c.lines, part, parts);
    for (int i = todo.first; i < todo.last; i++) {
        const float *x = in + (size_t)i * c.length;
        float *y = out + (size_t)i * c.length;
        const float mean = x[0] + instance_norm_lines_sum(x, c.length, x[0], 0) / (float)c.length;
        const float variance = instance_norm_lines_sum(x, c.length, mean, 1) / (float)c.length;
        const float factor = scale[i % c.channels] / sqrtf(variance + c.epsilon), offset = shift[i % c.channels];
        for (int k = 0; k < c.length; k += LANES) {
            const vec normal = (vec_load_some(x + k, c.length - k) - mean) * factor + offset;
            vec_store_some(y + k, activation_apply(c.act, normal), c.length - k);
        }
    }
}

#endif

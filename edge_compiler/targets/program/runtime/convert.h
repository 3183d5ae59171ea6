/* convert.h - how a pixel of a frame becomes one of the network's input.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_CONVERT_H
#define EDGE_CONVERT_H

#include "pixels.h"
#include "program.h"

/* Where the pixels of the network's input lie: all distances in floats. */
typedef struct edge_image {
    float *origin;
    size_t row, pixel, channel;
} edge_image;

/* The channels of a pixel, in the frame's order; those that it has not are arbitrary but finite. */
typedef float edge_lanes __attribute__((vector_size(16)));

/* value * scale + bias goes to channel offset[lane]. */
typedef struct edge_conversion {
    edge_lanes scale, bias, luma;
    size_t offset[3];
} edge_conversion;

static inline edge_conversion edge_make_conversion(const edge_preprocessing *spec, uint32_t encoding, size_t channel)
{
    const int frame_is_bgr = edge_pixels_format(encoding)->bgr;
    const float unit = encoding == EDGE_MONO16 ? 1.0f / 257.0f : 1.0f;
    edge_conversion made = {.luma = {0.299f, 0.587f, 0.114f}};
    if (frame_is_bgr)
        made.luma = (edge_lanes){0.114f, 0.587f, 0.299f};
    for (int lane = 0; lane < spec->channels; lane++) {
        const int c = spec->channels == 3 && spec->bgr != frame_is_bgr ? 2 - lane : lane;
        made.scale[lane] = spec->scale[c] * unit;
        made.bias[lane] = -spec->mean[c] * spec->scale[c];
        made.offset[lane] = (size_t)c * channel;
    }
    return made;
}

/* Store the padding of columns [first, last) of a row. */
static inline void edge_pad_row(const edge_preprocessing *spec, const edge_image *image, uint32_t y, uint32_t first,
                                uint32_t last)
{
    for (int c = 0; c < spec->channels; c++) {
        const float value = (spec->pad_value - spec->mean[c]) * spec->scale[c];
        float *out = image->origin + y * image->row + (size_t)c * image->channel;
        for (uint32_t x = first; x < last; x++) out[x * image->pixel] = value;
    }
}

/* Store a pixel, for a frame and a network that are colour (1) or grey (0). */
static inline __attribute__((always_inline)) void edge_store_pixel(edge_lanes v, const edge_conversion *how,
                                                                   int colour_in, int colour_out, float *out)
{
    if (colour_in && !colour_out)
        v *= how->luma;
    if (colour_in != colour_out)
        v = (edge_lanes){0} + (colour_in ? v[0] + v[1] + v[2] : v[0]);
    v = v * how->scale + how->bias;
    out[how->offset[0]] = v[0];
    if (colour_out) {
        out[how->offset[1]] = v[1];
        out[how->offset[2]] = v[2];
    }
}

#endif

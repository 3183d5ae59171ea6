/* resize.c - a camera frame's pixels, interpolated, normalised and stored as the network's input.
 *
 * Each row of the input is made in one go, from the two rows of the frame that it lies between:
 *   1. blend the two rows, byte by byte whatever the bytes mean, into a row of floats (YUYV is made RGB first);
 *   2. for each pixel, blend two neighbours of that row as one vector of four channels, normalise, store.
 * The first step touches memory in order; the second has to gather, but only once per pixel of the input.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "resize.h"

#include <stdlib.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

/* The channels of a pixel, in the frame's order; those that it has not are arbitrary but finite. */
typedef float lanes __attribute__((vector_size(16)));

enum { SLACK = 4 }; /* floats after a blended row: the last pixel is read with its (weightless) right neighbour */

uint32_t edge_pixel_bytes(uint32_t encoding)
{
    static const uint8_t bytes[] = {3, 3, 4, 4, 1, 2};
    return bytes[encoding];
}

/* Floats of a pixel in a blended row. */
static uint32_t pixel_floats(uint32_t encoding)
{
    return encoding == EDGE_YUYV ? 3 : edge_pixel_bytes(encoding);
}

static size_t align(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

/* a * b / c, rounded to the nearest, at least 1. */
static uint32_t scaled(uint32_t a, uint32_t b, uint32_t c)
{
    const uint64_t result = ((uint64_t)a * b * 2 + c) / (2 * (uint64_t)c);
    return result < 1 ? 1 : (uint32_t)result;
}

/* The rectangle that the picture fills: everything, or the greatest centred one of the frame's proportions. */
static void place_picture(edge_resizer *r, const edge_preprocessing *spec, const edge_frame *frame)
{
    r->width = spec->width;
    r->height = spec->height;
    if (spec->letterbox && (uint64_t)spec->width * frame->height <= (uint64_t)spec->height * frame->width)
        r->height = scaled(frame->height, spec->width, frame->width);
    else if (spec->letterbox)
        r->width = scaled(frame->width, spec->height, frame->height);
    r->left = (spec->width - r->width) / 2;
    r->top = (spec->height - r->height) / 2;
}

/* Where the centre of pixel `i` of `count` lies among `source_count` pixels: between *first and *first + 1. */
INLINE float locate(uint32_t i, uint32_t count, uint32_t source_count, uint32_t *first)
{
    double position = (i + 0.5) * source_count / count - 0.5;
    if (position < 0)
        position = 0;
    if (position > source_count - 1)
        position = source_count - 1;
    *first = (uint32_t)position;
    return (float)(position - *first);
}

int edge_resizer_prepare(edge_resizer *r, const edge_preprocessing *spec, const edge_frame *frame, unsigned threads)
{
    if (r->frame_width == frame->width && r->frame_height == frame->height && r->encoding == frame->encoding)
        return 1;
    const size_t blended = align((frame->width * pixel_floats(frame->encoding) + SLACK) * sizeof(float));
    const size_t converted = frame->encoding == EDGE_YUYV ? 2 * align((size_t)frame->width * 3) : 0;
    const size_t table = align(spec->width * sizeof(float));
    const size_t total = 2 * table + (blended + converted) * threads;
    if (total > r->capacity) {
        edge_resizer_free(r);
        r->columns = aligned_alloc(64, total);
        if (!r->columns)
            return 0;
        r->capacity = total;
    }
    r->column_weights = (float *)((char *)r->columns + table);
    r->rows = (unsigned char *)r->columns + 2 * table;
    r->row_bytes = blended + converted;
    memset(r->rows, 0, r->row_bytes * threads); /* the slack must be finite */

    place_picture(r, spec, frame);
    for (uint32_t x = 0; x < r->width; x++) {
        r->column_weights[x] = locate(x, r->width, frame->width, &r->columns[x]);
        r->columns[x] *= pixel_floats(frame->encoding);
    }
    r->frame_width = frame->width;
    r->frame_height = frame->height;
    r->encoding = frame->encoding;
    return 1;
}

void edge_resizer_free(edge_resizer *r)
{
    free(r->columns);
    *r = (edge_resizer){0};
}

INLINE uint8_t clamp_byte(int value)
{
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* BT.601, limited range, in 16.16 fixed point. */
static const uint8_t *yuyv_to_rgb(const uint8_t *yuyv, uint32_t width, uint8_t *rgb)
{
    for (uint32_t i = 0; i < width / 2; i++) {
        const int u = yuyv[4 * i + 1] - 128, v = yuyv[4 * i + 3] - 128;
        const int red = 104597 * v + 32768, green = -25675 * u - 53279 * v + 32768, blue = 132201 * u + 32768;
        for (uint32_t k = 0; k < 2; k++) {
            const int y = 76309 * (yuyv[4 * i + 2 * k] - 16);
            rgb[6 * i + 3 * k] = clamp_byte((y + red) >> 16);
            rgb[6 * i + 3 * k + 1] = clamp_byte((y + green) >> 16);
            rgb[6 * i + 3 * k + 2] = clamp_byte((y + blue) >> 16);
        }
    }
    return rgb;
}

static void blend_rows(const uint8_t *restrict above, const uint8_t *restrict below, float weight, size_t count,
                       float *restrict blended)
{
    for (size_t i = 0; i < count; i++)
        blended[i] = (float)above[i] + (float)(below[i] - above[i]) * weight;
}

INLINE lanes load(const float *p)
{
    lanes v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* How a pixel of the frame becomes one of the network: value * scale + bias to channel offset[lane]. */
typedef struct conversion {
    lanes scale, bias, luma;
    size_t offset[3];
} conversion;

static conversion make_conversion(const edge_preprocessing *spec, uint32_t encoding, size_t channel)
{
    const int frame_is_bgr = encoding == EDGE_BGR8 || encoding == EDGE_BGRA8;
    conversion made = {.luma = {0.299f, 0.587f, 0.114f}};
    if (frame_is_bgr)
        made.luma = (lanes){0.114f, 0.587f, 0.299f};
    for (int lane = 0; lane < spec->channels; lane++) {
        const int c = spec->channels == 3 && spec->bgr != frame_is_bgr ? 2 - lane : lane;
        made.scale[lane] = spec->scale[c];
        made.bias[lane] = -spec->mean[c] * spec->scale[c];
        made.offset[lane] = (size_t)c * channel;
    }
    return made;
}

/* The second step, for a frame and a network that are colour (1) or grey (0). */
INLINE void convert_row(const edge_resizer *r, const float *blended, const conversion *how, int colour_in,
                        int colour_out, uint32_t floats, float *out, size_t pixel)
{
    const conversion h = *how;
    for (uint32_t x = 0; x < r->width; x++, out += pixel) {
        const float *left = blended + r->columns[x];
        lanes v = load(left);
        v += (load(left + floats) - v) * r->column_weights[x];
        if (colour_in && !colour_out)
            v *= h.luma;
        if (colour_in != colour_out)
            v = (lanes){0} + (colour_in ? v[0] + v[1] + v[2] : v[0]);
        v = v * h.scale + h.bias;
        out[h.offset[0]] = v[0];
        if (colour_out) {
            out[h.offset[1]] = v[1];
            out[h.offset[2]] = v[2];
        }
    }
}

static void fill_row(const edge_resizer *r, const edge_preprocessing *spec, const edge_frame *frame,
                     const edge_image *image, uint32_t y, float *blended, uint8_t *converted)
{
    uint32_t first;
    const float weight = locate(y - r->top, r->height, frame->height, &first);
    const uint8_t *above = frame->data + first * frame->stride;
    const uint8_t *below = first + 1 < frame->height ? above + frame->stride : above;
    const uint32_t floats = pixel_floats(frame->encoding);
    if (frame->encoding == EDGE_YUYV) {
        above = yuyv_to_rgb(above, frame->width, converted);
        below = yuyv_to_rgb(below, frame->width, converted + align((size_t)frame->width * 3));
    }
    blend_rows(above, below, weight, (size_t)frame->width * floats, blended);

    const conversion how = make_conversion(spec, frame->encoding, image->channel);
    float *out = image->origin + y * image->row + r->left * image->pixel;
    if (floats == 1 && spec->channels == 1)
        convert_row(r, blended, &how, 0, 0, floats, out, image->pixel);
    else if (floats == 1)
        convert_row(r, blended, &how, 0, 1, floats, out, image->pixel);
    else if (spec->channels == 1)
        convert_row(r, blended, &how, 1, 0, floats, out, image->pixel);
    else
        convert_row(r, blended, &how, 1, 1, floats, out, image->pixel);
}

static void pad_row(const edge_preprocessing *spec, const edge_image *image, uint32_t y, uint32_t first, uint32_t last)
{
    for (int c = 0; c < spec->channels; c++) {
        const float value = (spec->pad_value - spec->mean[c]) * spec->scale[c];
        float *out = image->origin + y * image->row + (size_t)c * image->channel;
        for (uint32_t x = first; x < last; x++)
            out[x * image->pixel] = value;
    }
}

void edge_resizer_fill(const edge_resizer *r, const edge_preprocessing *spec, const edge_frame *frame,
                       const edge_image *image, uint32_t first, uint32_t last, unsigned thread)
{
    unsigned char *buffers = r->rows + thread * r->row_bytes;
    const size_t blended = align((frame->width * pixel_floats(frame->encoding) + SLACK) * sizeof(float));
    for (uint32_t y = first; y < last; y++) {
        if (y < r->top || y >= r->top + r->height) {
            pad_row(spec, image, y, 0, spec->width);
            continue;
        }
        pad_row(spec, image, y, 0, r->left);
        pad_row(spec, image, y, r->left + r->width, spec->width);
        fill_row(r, spec, frame, image, y, (float *)buffers, buffers + blended);
    }
}

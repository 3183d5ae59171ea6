/* resize.c - a camera frame's pixels, interpolated, normalised and stored as the network's input.
 *
 * Each row of the input is made in one go, from the two rows of the frame that it lies between:
 *   1. blend the two rows, number by number whatever they mean, into a row of floats (YUV and Bayer are made RGBA first);
 *   2. for each pixel, blend two neighbours of that row as one vector of four channels, normalise, store.
 * The first step touches memory in order; the second has to gather, but only once per pixel of the input.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "resize.h"

#include <stdlib.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

enum { SLACK = 4 }; /* floats after a blended row: the last pixel is read with its (weightless) right neighbour */

/* Round a number of 4-byte words up to whole cache lines. */
static size_t aligned_words(size_t words) { return (words + 15) / 16 * 16; }

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
    const edge_pixel_format *format = edge_pixels_format(frame->encoding);
    const uint32_t floats = format->channels;
    const size_t blended = aligned_words((size_t)frame->width * floats + SLACK);
    const size_t converted = format->converted ? aligned_words(frame->width) : 0;
    const size_t table = aligned_words(spec->width);
    const size_t row = blended + 2 * converted, total = (2 * table + row * threads) * sizeof(float);
    if (total > r->capacity) {
        edge_resizer_free(r);
        r->columns = aligned_alloc(64, total);
        if (!r->columns)
            return 0;
        r->capacity = total;
    }
    r->column_weights = (float *)r->columns + table;
    r->rows = r->column_weights + table;
    r->row_words = row;
    r->blended_words = blended;
    r->converted_words = converted;
    memset(r->rows, 0, row * threads * sizeof(float)); /* the slack must be finite */

    place_picture(r, spec, frame);
    for (uint32_t x = 0; x < r->width; x++) {
        r->column_weights[x] = locate(x, r->width, frame->width, &r->columns[x]);
        r->columns[x] *= floats;
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

/* One thread's rows: blended, and a pair of converted ones. */
typedef struct row_buffers {
    float *blended;
    uint32_t *above, *below;
} row_buffers;

static row_buffers buffers_of(const edge_resizer *r, unsigned thread)
{
    float *first = r->rows + thread * r->row_words;
    uint32_t *converted = (uint32_t *)(first + r->blended_words);
    return (row_buffers){first, converted, converted + r->converted_words};
}

static void blend_rows(const uint8_t *restrict above, const uint8_t *restrict below, float weight, size_t count,
                       float *restrict blended)
{
    for (size_t i = 0; i < count; i++) blended[i] = (float)above[i] + (float)(below[i] - above[i]) * weight;
}

static void blend_rows16(const uint8_t *restrict above, const uint8_t *restrict below, float weight, size_t count,
                         float *restrict blended)
{
    for (size_t i = 0; i < count; i++) {
        uint16_t a, b;
        memcpy(&a, above + 2 * i, sizeof a);
        memcpy(&b, below + 2 * i, sizeof b);
        blended[i] = (float)a + (float)(b - a) * weight;
    }
}

INLINE edge_lanes load(const float *p)
{
    edge_lanes v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* The second step, for a frame and a network that are colour (1) or grey (0). */
INLINE void convert_row(const edge_resizer *r, const float *blended, const edge_conversion *how, int colour_in,
                        int colour_out, uint32_t floats, float *out, size_t pixel)
{
    const edge_conversion h = *how;
    for (uint32_t x = 0; x < r->width; x++, out += pixel) {
        const float *left = blended + r->columns[x];
        edge_lanes v = load(left);
        v += (load(left + floats) - v) * r->column_weights[x];
        edge_store_pixel(v, &h, colour_in, colour_out, out);
    }
}

static void fill_row(const edge_resizer *r, const edge_preprocessing *spec, const edge_frame *frame,
                     const edge_image *image, uint32_t y, const row_buffers *buffers)
{
    uint32_t first;
    const float weight = locate(y - r->top, r->height, frame->height, &first);
    const uint8_t *above = frame->data + first * frame->stride;
    const uint8_t *below = first + 1 < frame->height ? above + frame->stride : above;
    const edge_pixel_format *format = edge_pixels_format(frame->encoding);
    const uint32_t floats = format->channels;
    float *blended = buffers->blended;
    if (format->converted) {
        edge_pixels_convert_row(frame, first, buffers->above);
        edge_pixels_convert_row(frame, first + 1 < frame->height ? first + 1 : first, buffers->below);
        above = (const uint8_t *)buffers->above;
        below = (const uint8_t *)buffers->below;
    }
    if (frame->encoding == EDGE_MONO16)
        blend_rows16(above, below, weight, frame->width, blended);
    else
        blend_rows(above, below, weight, (size_t)frame->width * floats, blended);

    const edge_conversion how = edge_make_conversion(spec, frame->encoding, image->channel);
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
        for (uint32_t x = first; x < last; x++) out[x * image->pixel] = value;
    }
}

void edge_resizer_fill(const edge_resizer *r, const edge_preprocessing *spec, const edge_frame *frame,
                       const edge_image *image, uint32_t first, uint32_t last, unsigned thread)
{
    const row_buffers buffers = buffers_of(r, thread);
    for (uint32_t y = first; y < last; y++) {
        if (y < r->top || y >= r->top + r->height) {
            pad_row(spec, image, y, 0, spec->width);
            continue;
        }
        pad_row(spec, image, y, 0, r->left);
        pad_row(spec, image, y, r->left + r->width, spec->width);
        fill_row(r, spec, frame, image, y, &buffers);
    }
}

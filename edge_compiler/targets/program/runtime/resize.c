/* resize.c - a camera frame's pixels, interpolated, normalised and stored as the network's input: the whole picture, or a
 * region that is not turned.
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

/* `count` pixels in the middle of `size` ones show `source` pixels of the frame. */
static edge_axis stretched(uint32_t count, uint32_t size, uint32_t source)
{
    const uint32_t first = (size - count) / 2;
    const double scale = (double)source / count;
    return (edge_axis){scale, -scale * first, first, first + count};
}

/* As a region's map says. */
static edge_axis mapped(double scale, double shift, uint32_t size, uint32_t source)
{
    edge_axis axis = {scale, shift, size, 0};
    for (uint32_t i = 0; i < size; i++) {
        const double position = scale * (i + 0.5) + shift;
        if (position < 0 || position > source)
            continue;
        axis.first = i < axis.first ? i : axis.first;
        axis.last = i + 1;
    }
    axis.first = axis.first < axis.last ? axis.first : axis.last;
    return axis;
}

/* The whole picture fills everything, or the greatest centred rectangle of its proportions. */
static void place_picture(const edge_preprocessing *spec, const edge_frame *frame, edge_axis *columns, edge_axis *rows)
{
    uint32_t width = spec->width, height = spec->height;
    if (spec->letterbox && (uint64_t)width * frame->height <= (uint64_t)height * frame->width)
        height = scaled(frame->height, width, frame->width);
    else if (spec->letterbox)
        width = scaled(frame->width, height, frame->height);
    *columns = stretched(width, spec->width, frame->width);
    *rows = stretched(height, spec->height, frame->height);
}

/* Where the centre of pixel `i` lies among `count` pixels of the frame: between those of *first and *first + 1. */
INLINE float locate(const edge_axis *axis, uint32_t i, uint32_t count, uint32_t *first)
{
    double centre = axis->scale * (i + 0.5) + axis->shift - 0.5;
    centre = centre < 0 ? 0 : centre > count - 1 ? count - 1 : centre;
    *first = (uint32_t)centre;
    return (float)(centre - *first);
}

static void make_tables(edge_resizer *r, uint32_t floats, uint32_t width, int even)
{
    r->from = width;
    r->to = 0;
    for (uint32_t x = r->columns.first; x < r->columns.last; x++) {
        r->weights[x] = locate(&r->columns, x, width, &r->offsets[x]);
        r->from = r->offsets[x] < r->from ? r->offsets[x] : r->from;
        r->to = r->offsets[x] + 2 > r->to ? r->offsets[x] + 2 : r->to;
    }
    r->to = r->to < width ? r->to : width;
    if (even) { /* neighbours share their colour */
        r->from &= ~1u;
        r->to += r->to & 1;
    }
    for (uint32_t x = r->columns.first; x < r->columns.last; x++) r->offsets[x] = (r->offsets[x] - r->from) * floats;
}

static int same_axis(const edge_axis *a, const edge_axis *b)
{
    return a->scale == b->scale && a->shift == b->shift && a->first == b->first && a->last == b->last;
}

int edge_resizer_prepare(edge_resizer *r, const edge_preprocessing *spec, const edge_frame *frame,
                         const edge_region *region, unsigned threads)
{
    edge_axis columns, rows;
    if (region) {
        columns = mapped(region->map[0], region->map[2], spec->width, frame->width);
        rows = mapped(region->map[4], region->map[5], spec->height, frame->height);
    } else {
        place_picture(spec, frame, &columns, &rows);
    }
    if (r->frame_width == frame->width && r->frame_height == frame->height && r->encoding == frame->encoding &&
        same_axis(&r->columns, &columns) && same_axis(&r->rows, &rows))
        return 1;
    const edge_pixel_format *format = edge_pixels_format(frame->encoding);
    const size_t blended = aligned_words((size_t)frame->width * format->channels + SLACK);
    const size_t converted = format->converted ? aligned_words(frame->width) : 0;
    const size_t table = aligned_words(spec->width);
    const size_t total = (2 * table + (blended + 2 * converted) * threads) * sizeof(float);
    if (total > r->capacity) {
        edge_resizer_free(r);
        r->offsets = aligned_alloc(64, total);
        if (!r->offsets)
            return 0;
        memset(r->offsets, 0, total); /* the slack must be finite, as whatever is written later is */
        r->capacity = total;
    }
    r->weights = (float *)r->offsets + table;
    r->buffers = r->weights + table;
    r->blended_words = blended;
    r->converted_words = converted;
    r->columns = columns;
    r->rows = rows;
    make_tables(r, format->channels, frame->width, format->even);
    r->frame_width = frame->width;
    r->frame_height = frame->height;
    r->encoding = frame->encoding;
    return 1;
}

void edge_resizer_free(edge_resizer *r)
{
    free(r->offsets);
    *r = (edge_resizer){0};
}

edge_rows edge_resizer_begin(const edge_resizer *r, unsigned thread)
{
    float *first = r->buffers + thread * (r->blended_words + 2 * r->converted_words);
    uint32_t *converted = (uint32_t *)(first + r->blended_words);
    return (edge_rows){first, {converted, converted + r->converted_words}, {UINT32_MAX, UINT32_MAX}};
}

/* A row of the frame as RGBA. One that is not converted yet takes the place of any but `other`. */
static const uint8_t *converted_row(const edge_resizer *r, const edge_frame *frame, uint32_t y, uint32_t other,
                                    edge_rows *rows)
{
    const int place = rows->row[0] == y || (rows->row[1] != y && rows->row[0] != other) ? 0 : 1;
    if (rows->row[place] != y)
        edge_pixels_convert_row(frame, y, r->from, r->to, rows->converted[place]);
    rows->row[place] = y;
    return (const uint8_t *)rows->converted[place];
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
    for (uint32_t x = r->columns.first; x < r->columns.last; x++, out += pixel) {
        const float *left = blended + r->offsets[x];
        edge_lanes v = load(left);
        v += (load(left + floats) - v) * r->weights[x];
        edge_store_pixel(v, &h, colour_in, colour_out, out);
    }
}

static void fill_row(const edge_resizer *r, const edge_preprocessing *spec, const edge_frame *frame,
                     const edge_image *image, uint32_t y, edge_rows *rows)
{
    uint32_t first;
    const float weight = locate(&r->rows, y, frame->height, &first);
    const uint32_t second = first + 1 < frame->height ? first + 1 : first;
    const edge_pixel_format *format = edge_pixels_format(frame->encoding);
    const uint32_t floats = format->channels, count = r->to - r->from;
    const uint8_t *above = frame->data + first * frame->stride + (size_t)r->from * format->bytes;
    const uint8_t *below = frame->data + second * frame->stride + (size_t)r->from * format->bytes;
    float *blended = rows->blended;
    if (format->converted) {
        above = converted_row(r, frame, first, second, rows);
        below = converted_row(r, frame, second, first, rows);
    }
    if (frame->encoding == EDGE_MONO16)
        blend_rows16(above, below, weight, count, blended);
    else
        blend_rows(above, below, weight, (size_t)count * floats, blended);

    const edge_conversion how = edge_make_conversion(spec, frame->encoding, image->channel);
    float *out = image->origin + y * image->row + r->columns.first * image->pixel;
    if (floats == 1 && spec->channels == 1)
        convert_row(r, blended, &how, 0, 0, floats, out, image->pixel);
    else if (floats == 1)
        convert_row(r, blended, &how, 0, 1, floats, out, image->pixel);
    else if (spec->channels == 1)
        convert_row(r, blended, &how, 1, 0, floats, out, image->pixel);
    else
        convert_row(r, blended, &how, 1, 1, floats, out, image->pixel);
}

void edge_resizer_fill(const edge_resizer *r, const edge_preprocessing *spec, const edge_frame *frame,
                       const edge_image *image, uint32_t first, uint32_t last, edge_rows *rows)
{
    for (uint32_t y = first; y < last; y++) {
        if (y < r->rows.first || y >= r->rows.last || r->columns.first == r->columns.last) {
            edge_pad_row(spec, image, y, 0, spec->width);
            continue;
        }
        edge_pad_row(spec, image, y, 0, r->columns.first);
        edge_pad_row(spec, image, y, r->columns.last, spec->width);
        fill_row(r, spec, frame, image, y, rows);
    }
}

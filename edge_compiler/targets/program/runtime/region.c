/* region.c - a region of a camera frame that is turned, or far larger than the network's input, normalised and stored as
 * that input; resize.c has the others.
 *
 * Only the four pixels around each sample are read and converted, whatever the encoding: the cost is that of the input's
 * size, not of the frame's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "region.h"

#include <string.h>

#define INLINE static inline __attribute__((always_inline))

/* How a pixel is read. */
enum reading { BYTES_3, BYTES_4, GREY_8, GREY_16, CONVERTED };

typedef int32_t word_lanes __attribute__((vector_size(16)));

/* The bytes of a word in lanes of their own, each where it stands in the word: its value is scaled by `places`. */
INLINE edge_lanes spread(uint32_t word)
{
    const int32_t same = (int32_t)word;
    const word_lanes bytes = (word_lanes){same, same, same, same} & (word_lanes){0xff, 0xff00, 0xff0000, 0};
    return __builtin_convertvector(bytes, edge_lanes);
}

static const edge_lanes places = {1.0f, 1.0f / 0x100, 1.0f / 0x10000};

enum { SAMPLES = EDGE_PIXELS_AT_ONCE };

/* Samples side by side in a row of the input: the columns and rows of the frame around each, and how much of the second
 * ones is in it. Of frames whose pixels have to be converted, these as well. */
typedef struct samples {
    uint32_t x[2][SAMPLES], y[2][SAMPLES];
    float right[SAMPLES], below[SAMPLES];
    uint32_t rgba[2][2][SAMPLES]; /* by row and column */
} samples;

/* A row of the input as a line in the frame, with the centre of pixel `i` at x + (i + 0.5) * x_step, y + (i + 0.5) * y_step. */
typedef struct line {
    double x, y, x_step, y_step;
} line;

INLINE int is_inside(const line *at, const edge_frame *frame, uint32_t column)
{
    const double x = at->x + (column + 0.5) * at->x_step, y = at->y + (column + 0.5) * at->y_step;
    return x >= 0 && x <= frame->width && y >= 0 && y <= frame->height;
}

/* The pixel whose centre is the last before `position`, the next one, and how much of that is in the sample there. */
INLINE void locate(double position, int32_t last, uint32_t *first, uint32_t *second, float *weight)
{
    double centre = position - 0.5;
    centre = centre > 0 ? centre : 0;
    centre = centre < last ? centre : last;
    const int32_t before = (int32_t)centre;
    *first = (uint32_t)before;
    *second = (uint32_t)(before < last ? before + 1 : last);
    *weight = (float)(centre - before);
}

static void locate_samples(const line *at, const edge_frame *frame, uint32_t column, uint32_t count, samples *found)
{
    const int32_t last_x = (int32_t)frame->width - 1, last_y = (int32_t)frame->height - 1;
    for (uint32_t i = 0; i < count; i++) {
        const double step = (int32_t)(column + i) + 0.5;
        locate(at->x + step * at->x_step, last_x, &found->x[0][i], &found->x[1][i], &found->right[i]);
        locate(at->y + step * at->y_step, last_y, &found->y[0][i], &found->y[1][i], &found->below[i]);
    }
}

/* A pixel around sample `i`, of a grey frame, or of one in colours as `spread` leaves it. */
INLINE edge_lanes read_pixel(const edge_frame *frame, enum reading reading, const samples *at, uint32_t i, int below,
                             int right)
{
    if (reading == CONVERTED)
        return spread(at->rgba[below][right][i]);
    const uint8_t *row = frame->data + at->y[below][i] * frame->stride;
    const uint32_t x = at->x[right][i];
    uint32_t word;
    uint16_t half;
    switch (reading) {
    case BYTES_3: memcpy(&half, row + 3 * x, sizeof half); return spread(half | (uint32_t)row[3 * x + 2] << 16);
    case BYTES_4: memcpy(&word, row + 4 * x, sizeof word); return spread(word);
    case GREY_8: return (edge_lanes){row[x]};
    default: memcpy(&half, row + 2 * x, sizeof half); return (edge_lanes){half};
    }
}

INLINE edge_lanes interpolate(const edge_frame *frame, enum reading reading, const samples *at, uint32_t i)
{
    const edge_lanes a = read_pixel(frame, reading, at, i, 0, 0), b = read_pixel(frame, reading, at, i, 0, 1);
    const edge_lanes c = read_pixel(frame, reading, at, i, 1, 0), d = read_pixel(frame, reading, at, i, 1, 1);
    const edge_lanes upper = a + (b - a) * at->right[i], lower = c + (d - c) * at->right[i];
    const edge_lanes blended = upper + (lower - upper) * at->below[i];
    return reading == GREY_8 || reading == GREY_16 ? blended : blended * places;
}

INLINE void fill_row(const edge_preprocessing *spec, const edge_frame *frame, const double *map, enum reading reading,
                     int colour_out, const edge_conversion *how, const edge_image *image, uint32_t y)
{
    const int colour_in = reading != GREY_8 && reading != GREY_16;
    const double v = y + 0.5;
    const line at = {map[1] * v + map[2], map[4] * v + map[5], map[0], map[3]};
    uint32_t first = 0, last = spec->width; /* a straight line enters the frame and leaves it once */
    while (first < last && !is_inside(&at, frame, first)) first++;
    while (first < last && !is_inside(&at, frame, last - 1)) last--;
    edge_pad_row(spec, image, y, 0, first);
    edge_pad_row(spec, image, y, last, spec->width);
    float *out = image->origin + y * image->row + first * image->pixel;
    samples found;
    for (uint32_t column = first; column < last; column += SAMPLES) {
        const uint32_t count = last - column < SAMPLES ? last - column : SAMPLES;
        locate_samples(&at, frame, column, count, &found);
        for (int corner = 0; corner < 4 && reading == CONVERTED; corner++)
            edge_pixels_gather(frame, found.x[corner & 1], found.y[corner >> 1], count,
                               found.rgba[corner >> 1][corner & 1]);
        for (uint32_t i = 0; i < count; i++, out += image->pixel)
            edge_store_pixel(interpolate(frame, reading, &found, i), how, colour_in, colour_out, out);
    }
}

static enum reading reading_of(uint32_t encoding)
{
    const edge_pixel_format *format = edge_pixels_format(encoding);
    if (format->converted)
        return CONVERTED;
    if (format->channels == 1)
        return format->bytes == 1 ? GREY_8 : GREY_16;
    return format->bytes == 3 ? BYTES_3 : BYTES_4;
}

void edge_region_fill(const edge_preprocessing *spec, const edge_frame *frame, const edge_region *region,
                      const edge_image *image, uint32_t first, uint32_t last)
{
    const edge_conversion how = edge_make_conversion(spec, frame->encoding, image->channel);
    const enum reading reading = reading_of(frame->encoding);
    double map[6];
    for (int i = 0; i < 6; i++) map[i] = region->map[i];
#define FILL_ROW(READING)                                           \
    case READING:                                                   \
        if (spec->channels == 3)                                    \
            fill_row(spec, frame, map, READING, 1, &how, image, y); \
        else                                                        \
            fill_row(spec, frame, map, READING, 0, &how, image, y); \
        break
    for (uint32_t y = first; y < last; y++) {
        switch (reading) {
            FILL_ROW(BYTES_3);
            FILL_ROW(BYTES_4);
            FILL_ROW(GREY_8);
            FILL_ROW(GREY_16);
            FILL_ROW(CONVERTED);
        }
    }
#undef FILL_ROW
}

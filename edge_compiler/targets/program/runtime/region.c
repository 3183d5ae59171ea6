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

INLINE edge_lanes spread(uint32_t rgba)
{
    return (edge_lanes){(float)(rgba & 255), (float)(rgba >> 8 & 255), (float)(rgba >> 16 & 255)};
}

INLINE edge_lanes read_pixel(const edge_frame *frame, enum reading reading, uint32_t x, uint32_t y)
{
    const uint8_t *row = frame->data + y * frame->stride;
    uint16_t grey;
    switch (reading) {
    case BYTES_3: return (edge_lanes){row[3 * x], row[3 * x + 1], row[3 * x + 2]};
    case BYTES_4: return (edge_lanes){row[4 * x], row[4 * x + 1], row[4 * x + 2]};
    case GREY_8: return (edge_lanes){row[x]};
    case GREY_16: memcpy(&grey, row + 2 * x, sizeof grey); return (edge_lanes){grey};
    default: return spread(edge_pixels_rgba(frame, x, y));
    }
}

/* The pixel whose centre is the last before `position`, and how much of the next one is in the sample there. */
INLINE uint32_t locate(double position, uint32_t count, float *weight)
{
    double centre = position - 0.5;
    centre = centre < 0 ? 0 : centre > count - 1 ? count - 1 : centre;
    const uint32_t first = (uint32_t)centre;
    *weight = (float)(centre - first);
    return first;
}

/* Interpolate at a point inside of the frame. */
INLINE edge_lanes sample(const edge_frame *frame, enum reading reading, double x, double y)
{
    float right, below;
    const uint32_t x0 = locate(x, frame->width, &right), y0 = locate(y, frame->height, &below);
    const uint32_t x1 = x0 + 1 < frame->width ? x0 + 1 : x0, y1 = y0 + 1 < frame->height ? y0 + 1 : y0;
    const edge_lanes a = read_pixel(frame, reading, x0, y0), b = read_pixel(frame, reading, x1, y0);
    const edge_lanes c = read_pixel(frame, reading, x0, y1), d = read_pixel(frame, reading, x1, y1);
    const edge_lanes upper = a + (b - a) * right, lower = c + (d - c) * right;
    return upper + (lower - upper) * below;
}

INLINE void fill_row(const edge_preprocessing *spec, const edge_frame *frame, const double *map, enum reading reading,
                     int colour_out, const edge_conversion *how, const edge_image *image, uint32_t y)
{
    const int colour_in = reading != GREY_8 && reading != GREY_16;
    float *out = image->origin + y * image->row;
    for (uint32_t column = 0; column < spec->width; column++, out += image->pixel) {
        const double u = column + 0.5, v = y + 0.5;
        const double frame_x = map[0] * u + map[1] * v + map[2], frame_y = map[3] * u + map[4] * v + map[5];
        if (frame_x >= 0 && frame_x <= frame->width && frame_y >= 0 && frame_y <= frame->height) {
            edge_store_pixel(sample(frame, reading, frame_x, frame_y), how, colour_in, colour_out, out);
            continue;
        }
        for (int c = 0; c < spec->channels; c++)
            out[(size_t)c * image->channel] = (spec->pad_value - spec->mean[c]) * spec->scale[c];
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

/* pixels.c - what the bytes of a camera frame mean.
 *
 * YUV is BT.601's, limited range, and rounded to bytes. A Bayer pattern's missing colours are the means of the nearest
 * pixels that have them, rounded half up; a pixel at the edge is like its neighbour inside. OpenCV has the same rules.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "pixels.h"

#include <string.h>

#define INLINE static inline __attribute__((always_inline))

static const edge_pixel_format formats[] = {
    [EDGE_RGB8] = {.name = "rgb8", .bytes = 3, .channels = 3, .least = 1},
    [EDGE_BGR8] = {.name = "bgr8", .bytes = 3, .channels = 3, .bgr = 1, .least = 1},
    [EDGE_RGBA8] = {.name = "rgba8", .bytes = 4, .channels = 4, .least = 1},
    [EDGE_BGRA8] = {.name = "bgra8", .bytes = 4, .channels = 4, .bgr = 1, .least = 1},
    [EDGE_MONO8] = {.name = "mono8", .bytes = 1, .channels = 1, .least = 1},
    [EDGE_YUYV] = {.name = "yuyv", .bytes = 2, .channels = 4, .converted = 1, .even = 1, .least = 1},
    [EDGE_MONO16] = {.name = "mono16", .bytes = 2, .channels = 1, .least = 1},
    [EDGE_UYVY] = {.name = "uyvy", .bytes = 2, .channels = 4, .converted = 1, .even = 1, .least = 1},
    [EDGE_NV12] = {.name = "nv12", .bytes = 1, .channels = 4, .converted = 1, .even = 1, .planar = 1, .least = 1},
    [EDGE_NV21] = {.name = "nv21", .bytes = 1, .channels = 4, .converted = 1, .even = 1, .planar = 1, .least = 1},
    [EDGE_BAYER_RGGB8] = {.name = "bayer_rggb8", .bytes = 1, .channels = 4, .converted = 1, .least = 3},
    [EDGE_BAYER_BGGR8] = {.name = "bayer_bggr8", .bytes = 1, .channels = 4, .converted = 1, .least = 3},
    [EDGE_BAYER_GBRG8] = {.name = "bayer_gbrg8", .bytes = 1, .channels = 4, .converted = 1, .least = 3},
    [EDGE_BAYER_GRBG8] = {.name = "bayer_grbg8", .bytes = 1, .channels = 4, .converted = 1, .least = 3},
};

uint32_t edge_pixels_encodings(void) { return sizeof formats / sizeof *formats; }

const edge_pixel_format *edge_pixels_format(uint32_t encoding)
{
    return encoding < edge_pixels_encodings() ? &formats[encoding] : NULL;
}

INLINE uint32_t byte(float value)
{
    const int rounded = (int)(value + 0.5f);
    return (uint32_t)(rounded < 0 ? 0 : rounded > 255 ? 255 : rounded);
}

/* The part of a pixel that it shares with its neighbour. */
typedef struct colour {
    float red, green, blue;
} colour;

INLINE colour colour_of(int u_byte, int v_byte)
{
    const float u = u_byte - 128, v = v_byte - 128;
    return (colour){1.596027f * v, -0.391762f * u - 0.812968f * v, 2.017232f * u};
}

INLINE uint32_t pixel_of(int y_byte, colour c)
{
    const float y = 1.164383f * (y_byte - 16);
    return byte(y + c.red) | byte(y + c.green) << 8 | byte(y + c.blue) << 16;
}

/* A row of words that hold two pixels each; the shifts say where in a word. Whole words vectorise well. */
INLINE void convert_packed(const uint8_t *restrict row, uint32_t width, uint32_t *restrict rgba, int y_shift,
                           int u_shift, int v_shift)
{
    for (uint32_t i = 0; i < width / 2; i++) {
        uint32_t word; /* the first byte is the lowest: all supported processors are little-endian */
        memcpy(&word, row + 4 * i, sizeof word);
        const colour c = colour_of((int)(word >> u_shift & 255), (int)(word >> v_shift & 255));
        rgba[2 * i] = pixel_of((int)(word >> y_shift & 255), c);
        rgba[2 * i + 1] = pixel_of((int)(word >> (y_shift + 16) & 255), c);
    }
}

INLINE void convert_planar(const uint8_t *restrict row, const uint8_t *restrict colours, uint32_t width,
                           uint32_t *restrict rgba, int u, int v)
{
    for (uint32_t i = 0; i < width / 2; i++) {
        const colour c = colour_of(colours[2 * i + u], colours[2 * i + v]);
        rgba[2 * i] = pixel_of(row[2 * i], c);
        rgba[2 * i + 1] = pixel_of(row[2 * i + 1], c);
    }
}

/* Row `y / 2` of the colours that follow the picture. */
static const uint8_t *colours_of(const edge_frame *frame, uint32_t y)
{
    return frame->data + (frame->height + y / 2) * frame->stride;
}

INLINE uint32_t clamp(uint32_t position, uint32_t least, uint32_t most)
{
    return position < least ? least : position > most ? most : position;
}

/* Pixel `x` of a row that has neighbours on all sides; `odd_x`, `odd_y`: is it beside, below a red one? */
INLINE uint32_t demosaic(const uint8_t *at, size_t stride, uint32_t x, uint32_t odd_x, uint32_t odd_y)
{
    const uint8_t *above = at - stride, *below = at + stride;
    const uint32_t horizontal = (uint32_t)at[x - 1] + at[x + 1], vertical = (uint32_t)above[x] + below[x];
    const uint32_t diagonal = (uint32_t)above[x - 1] + above[x + 1] + below[x - 1] + below[x + 1];
    uint32_t red, green, blue;
    if (odd_x == odd_y) {
        const uint32_t own = at[x], opposite = (diagonal + 2) >> 2;
        green = (horizontal + vertical + 2) >> 2;
        red = odd_x ? opposite : own;
        blue = odd_x ? own : opposite;
    } else {
        const uint32_t beside = (horizontal + 1) >> 1, over = (vertical + 1) >> 1;
        green = at[x];
        red = odd_y ? over : beside;
        blue = odd_y ? beside : over;
    }
    return red | green << 8 | blue << 16;
}

static uint32_t bayer_pixel(const edge_frame *frame, uint32_t x, uint32_t y)
{
    const uint32_t red_x = frame->encoding == EDGE_BAYER_BGGR8 || frame->encoding == EDGE_BAYER_GRBG8;
    const uint32_t red_y = frame->encoding == EDGE_BAYER_BGGR8 || frame->encoding == EDGE_BAYER_GBRG8;
    x = clamp(x, 1, frame->width - 2);
    y = clamp(y, 1, frame->height - 2);
    return demosaic(frame->data + y * frame->stride, frame->stride, x, (x ^ red_x) & 1, (y ^ red_y) & 1);
}

void edge_pixels_convert_row(const edge_frame *frame, uint32_t y, uint32_t *rgba)
{
    const uint8_t *row = frame->data + y * frame->stride;
    switch (frame->encoding) {
    case EDGE_YUYV: convert_packed(row, frame->width, rgba, 0, 8, 24); break;
    case EDGE_UYVY: convert_packed(row, frame->width, rgba, 8, 0, 16); break;
    case EDGE_NV12: convert_planar(row, colours_of(frame, y), frame->width, rgba, 0, 1); break;
    case EDGE_NV21: convert_planar(row, colours_of(frame, y), frame->width, rgba, 1, 0); break;
    default:
        for (uint32_t x = 0; x < frame->width; x++) rgba[x] = bayer_pixel(frame, x, y);
    }
}

uint32_t edge_pixels_rgba(const edge_frame *frame, uint32_t x, uint32_t y)
{
    const uint8_t *row = frame->data + y * frame->stride;
    const uint32_t pair = x & ~1u;
    switch (frame->encoding) {
    case EDGE_YUYV: return pixel_of(row[2 * x], colour_of(row[2 * pair + 1], row[2 * pair + 3]));
    case EDGE_UYVY: return pixel_of(row[2 * x + 1], colour_of(row[2 * pair], row[2 * pair + 2]));
    case EDGE_NV12: return pixel_of(row[x], colour_of(colours_of(frame, y)[pair], colours_of(frame, y)[pair + 1]));
    case EDGE_NV21: return pixel_of(row[x], colour_of(colours_of(frame, y)[pair + 1], colours_of(frame, y)[pair]));
    default: return bayer_pixel(frame, x, y);
    }
}

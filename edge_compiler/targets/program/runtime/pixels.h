/* pixels.h - what the bytes of a camera frame mean.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_PIXELS_H
#define EDGE_PIXELS_H

#include "edge_model.h"

/* How the pixels of an encoding are stored. */
typedef struct edge_pixel_format {
    const char *name;
    uint8_t bytes;    /* of a pixel in a row of the picture; the planes of colours of nv12 and nv21 come after it */
    uint8_t channels; /* numbers of a pixel, once converted */
    uint8_t bgr;      /* they are in the order blue, green, red */
    uint8_t
        converted; /* 1: pixels become rgba by edge_pixels_convert_row() or edge_pixels_gather() before they are used */
    uint8_t even;  /* the width must be even */
    uint8_t planar; /* so must the height; half as many rows with the colours of 2 x 2 pixels follow */
    uint8_t least;  /* pixels of a side */
} edge_pixel_format;

/* NULL: there is no such encoding. */
const edge_pixel_format *edge_pixels_format(uint32_t encoding);

uint32_t edge_pixels_encodings(void);

/* Convert columns [from, to) of row `y` of a frame into words of red, green, blue (from the least byte up) and zero. Both are
 * even where the width is. */
void edge_pixels_convert_row(const edge_frame *frame, uint32_t y, uint32_t from, uint32_t to, uint32_t *rgba);

enum { EDGE_PIXELS_AT_ONCE = 64 };

/* Convert at most so many pixels (x, y) likewise. */
void edge_pixels_gather(const edge_frame *frame, const uint32_t *x, const uint32_t *y, uint32_t count, uint32_t *rgba);

#endif

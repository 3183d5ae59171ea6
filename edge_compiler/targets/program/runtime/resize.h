/* resize.h - a camera frame's pixels, interpolated, normalised and stored as the network's input.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_RESIZE_H
#define EDGE_RESIZE_H

#include "convert.h"

/* Tables and buffers for frames of one size and encoding; all zero: none yet. */
typedef struct edge_resizer {
    uint32_t frame_width, frame_height, encoding;
    uint32_t left, top, width, height; /* the rectangle of the input that the picture fills */
    uint32_t *columns;                 /* of each of its columns: the first float of the left source pixel ... */
    float *column_weights;             /* ... and how much of the right one is in it, 0..1 */
    float *rows;                       /* row buffers for each thread */
    size_t row_words, blended_words, converted_words;
    size_t capacity; /* of the three arrays, which are one allocation: bytes */
} edge_resizer;

/* Make the tables for a (valid) frame unless they are there already. 0: no memory. */
int edge_resizer_prepare(edge_resizer *resizer, const edge_preprocessing *spec, const edge_frame *frame,
                         unsigned threads);

/* Fill rows [first, last) of the input, padding included; `thread` says whose buffers to use. */
void edge_resizer_fill(const edge_resizer *resizer, const edge_preprocessing *spec, const edge_frame *frame,
                       const edge_image *image, uint32_t first, uint32_t last, unsigned thread);

void edge_resizer_free(edge_resizer *resizer);

#endif

/* resize.h - a camera frame's pixels, interpolated, normalised and stored as the network's input.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_RESIZE_H
#define EDGE_RESIZE_H

#include "convert.h"

/* Where the pixels of one side of the input lie in the frame: the centre of pixel `i` at scale * (i + 0.5) + shift, and
 * within the frame for i in [first, last). */
typedef struct edge_axis {
    double scale, shift;
    uint32_t first, last;
} edge_axis;

/* Tables and buffers for one region of frames of one size and encoding; all zero: none yet. */
typedef struct edge_resizer {
    uint32_t frame_width, frame_height, encoding;
    edge_axis columns, rows;
    uint32_t from, to; /* the columns of the frame that are read */
    uint32_t *offsets; /* of each column that lies in the frame: the first float of the left source pixel ... */
    float *weights;    /* ... and how much of the right one is in it, 0..1 */
    float *buffers;    /* for rows, of each thread */
    size_t blended_words, converted_words;
    size_t capacity; /* of the three arrays, which are one allocation: bytes */
} edge_resizer;

/* A thread's rows of one frame: blended, and the last two that were converted. */
typedef struct edge_rows {
    float *blended;
    uint32_t *converted[2];
    uint32_t row[2]; /* of the frame, that they hold; UINT32_MAX: none */
} edge_rows;

/* Make the tables for a (valid) frame unless they are there already. 0: no memory.
 * `region`: NULL: the whole picture; else one whose map does not turn: map[1] and map[3] are zero. */
int edge_resizer_prepare(edge_resizer *resizer, const edge_preprocessing *spec, const edge_frame *frame,
                         const edge_region *region, unsigned threads);

/* Return a thread's buffers, in which there is nothing of a frame yet. */
edge_rows edge_resizer_begin(const edge_resizer *resizer, unsigned thread);

/* Fill rows [first, last) of the input, padding included. */
void edge_resizer_fill(const edge_resizer *resizer, const edge_preprocessing *spec, const edge_frame *frame,
                       const edge_image *image, uint32_t first, uint32_t last, edge_rows *rows);

void edge_resizer_free(edge_resizer *resizer);

#endif

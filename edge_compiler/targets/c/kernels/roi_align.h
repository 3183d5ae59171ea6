/* roi_align.h - the means of the bins of regions of images.
 *
 * He et al., "Mask R-CNN", 2017: each bin is the mean of samples at equal distances, each interpolated between four pixels.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_ROI_ALIGN_H
#define EDGE_ROI_ALIGN_H

#include <math.h>

#include "work.h"

typedef struct {
    int regions, images, channels;
    int in_h, in_w, in_plane, in_row, in_image;
    int out_h, out_w; /* bins of a region */
    int samples;      /* of a bin along each axis; 0: one for each pixel */
    int half_pixel;   /* pixels have their centres at halves, and a region may be smaller than one */
    float scale;      /* of a region's coordinates */
} roi_align;

enum { ROI_ALIGN_MOST_SAMPLES = 1024 }; /* of a bin along an axis, whatever a region's size is */

/* A region along one axis: where it starts, the length of a bin, and the samples of it. */
typedef struct {
    float start, bin;
    int samples;
} roi_align_axis;

INLINE roi_align_axis roi_align_axis_of(const roi_align c, float first, float last, int bins)
{
    const float offset = c.half_pixel ? 0.5f : 0.0f, start = first * c.scale - offset;
    float length = last * c.scale - offset - start;
    if (!c.half_pixel && !(length >= 1.0f))
        length = 1.0f;
    const float bin = length / (float)bins, wanted = ceilf(bin);
    const int most = wanted < ROI_ALIGN_MOST_SAMPLES ? wanted > 0.0f ? (int)wanted : 0 : ROI_ALIGN_MOST_SAMPLES;
    return (roi_align_axis){start, bin, c.samples ? c.samples : most};
}

/* The two pixels between which a place lies, and the weight of the second; 0: it lies outside. */
INLINE int roi_align_between(float place, int size, int *first, int *second, float *weight)
{
    if (!(place >= -1.0f && place <= (float)size))
        return 0;
    const float inside = place > 0.0f ? place : 0.0f;
    *first = (int)inside < size - 1 ? (int)inside : size - 1;
    *second = *first + 1 < size ? *first + 1 : *first;
    *weight = *first < *second ? inside - (float)*first : 0.0f;
    return 1;
}

/* `regions` has (left, top, right, bottom) of each, and `of_image` which image it is a part of. */
INLINE void roi_align_run(const roi_align c, const float *in, const float *regions, const int64_t *of_image, float *out,
                          int part, int parts)
{
    const int bins = c.out_h * c.out_w;
    pieces todo = work_share_in_order(c.regions, bins, part, parts);
    while (work_next_piece(&todo)) {
        const float *r = regions + (size_t)todo.outer * 4;
        const int64_t number = of_image[todo.outer];
        const float *image = in + (size_t)(number < 0 ? 0 : number < c.images ? number : c.images - 1) * c.in_image;
        const roi_align_axis rows = roi_align_axis_of(c, r[1], r[3], c.out_h);
        const roi_align_axis columns = roi_align_axis_of(c, r[0], r[2], c.out_w);
        const float top = rows.start + (float)(todo.inner / c.out_w) * rows.bin;
        const float left = columns.start + (float)(todo.inner % c.out_w) * columns.bin;
        const int count = rows.samples * columns.samples;
        float *to = out + (size_t)todo.outer * c.channels * bins + todo.inner;
        for (int channel = 0; channel < c.channels; channel += LANES) {
            const float *plane = image + (size_t)(channel / BLOCK) * c.in_plane + channel % BLOCK;
            vec sum = vec_splat(0.0f);
            for (int i = 0; i < rows.samples; i++)
                for (int j = 0; j < columns.samples; j++) {
                    const float y = top + ((float)i + 0.5f) * rows.bin / (float)rows.samples;
                    const float x = left + ((float)j + 0.5f) * columns.bin / (float)columns.samples;
                    int y0, y1, x0, x1;
                    float down, right;
                    if (!roi_align_between(y, c.in_h, &y0, &y1, &down) ||
                        !roi_align_between(x, c.in_w, &x0, &x1, &right))
                        continue;
                    const float *upper = plane + y0 * c.in_row, *lower = plane + y1 * c.in_row;
                    sum += (1.0f - down) * (1.0f - right) * vec_load(upper + x0 * BLOCK);
                    sum += (1.0f - down) * right * vec_load(upper + x1 * BLOCK);
                    sum += down * (1.0f - right) * vec_load(lower + x0 * BLOCK);
                    sum += down * right * vec_load(lower + x1 * BLOCK);
                }
            sum = sum / (float)(count > 0 ? count : 1);
            for (int lane = 0; lane < LANES && channel + lane < c.channels; lane++)
                to[(size_t)(channel + lane) * bins] = sum[lane];
        }
    }
}

#endif

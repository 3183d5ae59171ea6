/* winograd_transform.h - the matrices of F(m x m, 3 x 3), m = 2 or 4, as Lavin and Gray give them; see winograd.h.
 *
 * For m = 4 polynomials are multiplied at the points 0, a, -a, 2a, -2a and infinity. Theirs have a = 1. With a = 3/4 the numbers
 * that are multiplied and added up are closer to each other, and what rounding them costs is halved.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_WINOGRAD_TRANSFORM_H
#define EDGE_WINOGRAD_TRANSFORM_H

#include "halves.h"

enum { WINOGRAD_MAX = 6 }; /* points in a direction */

/* a. */
INLINE float winograd_transform_distance(const int pairs) { return pairs ? 0.75f : 1.0f; }

/* Return a + factor * b. Points of float16 depend on each bit: there it is rounded once, whatever the compiler likes. */
INLINE vec winograd_transform_add(vec a, vec b, const float factor)
{
#if HALF_PRODUCTS
    if (factor != 1.0f && factor != -1.0f)
        return (vec)vfmaq_n_f32((float32x4_t)a, (float32x4_t)b, factor);
#endif
    return a + factor * b;
}

/* B^T d, in one direction: m + 2 input elements to m + 2 points. */
INLINE void winograd_transform_in(const int m, const float a, const vec *d, vec *o)
{
    const float square = a * a;
    if (m == 2) {
        o[0] = d[0] - d[2];
        o[1] = d[1] + d[2];
        o[2] = d[2] - d[1];
        o[3] = d[1] - d[3];
    } else {
        const vec p = winograd_transform_add(d[4], d[2], -4.0f * square);
        const vec q = winograd_transform_add(d[3], d[1], -4.0f * square);
        const vec r = winograd_transform_add(d[4], d[2], -square), s = winograd_transform_add(d[3], d[1], -square);
        o[0] = winograd_transform_add(winograd_transform_add(d[4], d[2], -5.0f * square), d[0], 4.0f * square * square);
        o[1] = winograd_transform_add(p, q, a);
        o[2] = winograd_transform_add(p, q, -a);
        o[3] = winograd_transform_add(r, s, 2.0f * a);
        o[4] = winograd_transform_add(r, s, -2.0f * a);
        o[5] = winograd_transform_add(winograd_transform_add(d[5], d[3], -5.0f * square), d[1], 4.0f * square * square);
    }
}

/* A^T d, in one direction: m + 2 points to m results. */
INLINE void winograd_transform_out(const int m, const float a, const vec *d, vec *o)
{
    if (m == 2) {
        o[0] = d[0] + d[1] + d[2];
        o[1] = d[1] - d[2] - d[3];
    } else {
        const vec p = d[1] + d[2], q = d[1] - d[2], r = d[3] + d[4], s = d[3] - d[4];
        o[0] = d[0] + p + r;
        o[1] = a * (q + 2.0f * s);
        o[2] = a * a * (p + 4.0f * r);
        o[3] = a * a * a * (q + 8.0f * s) + d[5];
    }
}

/* G d, in one direction: 3 weights to m + 2 points. */
INLINE void winograd_transform_kernel(const int m, const float a, const vec *d, vec *o)
{
    const float square = a * a, scale = 1.0f / (square * square);
    if (m == 2) {
        o[0] = d[0];
        o[1] = 0.5f * (d[0] + d[1] + d[2]);
        o[2] = 0.5f * (d[0] - d[1] + d[2]);
        o[3] = d[2];
    } else {
        const float near = (-1.0f / 6.0f) * scale, far = (1.0f / 24.0f) * scale;
        const vec even = winograd_transform_add(d[0], d[2], square);
        const vec wide = winograd_transform_add(d[0], d[2], 4.0f * square);
        o[0] = 0.25f * scale * d[0];
        o[1] = near * winograd_transform_add(even, d[1], a);
        o[2] = near * winograd_transform_add(even, d[1], -a);
        o[3] = far * winograd_transform_add(wide, d[1], 2.0f * a);
        o[4] = far * winograd_transform_add(wide, d[1], -2.0f * a);
        o[5] = d[2];
    }
}

#endif

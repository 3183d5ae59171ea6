/* winograd_transform.h - the matrices of F(m x m, 3 x 3), m = 2 or 4, as Lavin and Gray give them; see winograd.h.
 *
 * For m = 4 polynomials are multiplied at the points 0, a, -a, 2a, -2a and infinity. Theirs have a = 1. With a = 3/4 the numbers
 * that are multiplied and added up are closer to each other, and what rounding them costs is halved.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_WINOGRAD_TRANSFORM_H
#define EDGE_WINOGRAD_TRANSFORM_H

#include "vec.h"

enum { WINOGRAD_MAX = 6 }; /* points in a direction */

/* a. */
INLINE float winograd_transform_distance(const int pairs) { return pairs ? 0.75f : 1.0f; }

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
        const vec p = d[4] - 4.0f * square * d[2], q = a * (d[3] - 4.0f * square * d[1]);
        const vec r = d[4] - square * d[2], s = 2.0f * a * (d[3] - square * d[1]);
        o[0] = 4.0f * square * square * d[0] + (d[4] - 5.0f * square * d[2]);
        o[1] = p + q;
        o[2] = p - q;
        o[3] = r + s;
        o[4] = r - s;
        o[5] = 4.0f * square * square * d[1] + (d[5] - 5.0f * square * d[3]);
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
        const vec even = d[0] + square * d[2], wide = d[0] + 4.0f * square * d[2];
        o[0] = 0.25f * scale * d[0];
        o[1] = (-1.0f / 6.0f) * scale * (even + a * d[1]);
        o[2] = (-1.0f / 6.0f) * scale * (even - a * d[1]);
        o[3] = (1.0f / 24.0f) * scale * (wide + 2.0f * a * d[1]);
        o[4] = (1.0f / 24.0f) * scale * (wide - 2.0f * a * d[1]);
        o[5] = d[2];
    }
}

#endif

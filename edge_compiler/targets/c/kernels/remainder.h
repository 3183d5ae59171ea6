/* remainder.h - remainders of floats, of the dividend's sign.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_REMAINDER_H
#define EDGE_REMAINDER_H

#include <math.h>

#include "elements.h"

INLINE void remainder_run(const elements c, const float *restrict a, const float *restrict b, float *restrict out,
                          int part, int parts)
{
    FOR_ELEMENTS (i) out[row.first + i] = fmodf(a[row.a + i * STEP(a)], b[row.b + i * STEP(b)]);
}

#endif

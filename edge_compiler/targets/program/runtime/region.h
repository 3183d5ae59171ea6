/* region.h - a region of a camera frame, cropped, scaled, turned, normalised and stored as the network's input.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_REGION_H
#define EDGE_REGION_H

#include "convert.h"

/* Fill rows [first, last) of the input from a (valid) frame and region. */
void edge_region_fill(const edge_preprocessing *spec, const edge_frame *frame, const edge_region *region,
                      const edge_image *image, uint32_t first, uint32_t last);

#endif

/* parts.h - what those who run a step and those who compute it agree upon.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_PARTS_H
#define EDGE_PARTS_H

/* If a step is cut into a multiple of so many parts, then so many neighbouring ones are mostly run by one thread. They are
 * few enough to cost nothing, and short enough to even out a slow thread. */
enum { EDGE_PARTS_PER_THREAD = 4 };

#endif

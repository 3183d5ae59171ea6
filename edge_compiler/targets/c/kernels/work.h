/* work.h - how the parts of a step divide its pieces of work.
 *
 * A part is a list of pieces, each named by two numbers: mostly a block of channels and a row of the image.
 *
 *     for (pieces p = work_share_rows(blocks, rows, part, parts); work_next_piece(&p);)
 *         ... p.outer is the block, p.inner the row ...
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_WORK_H
#define EDGE_WORK_H

#include <assert.h> /* what kernels expect: checked in debug builds, gone with NDEBUG */

#include "runtime/parts.h"
#include "vec.h"

INLINE int work_clamp(int x, int low, int high) { return x < low ? low : x > high ? high : x; }

enum { MAX_RANK = 6 }; /* of values whose axes kernels count one by one */

/* Return where an element lies, given its number in an array of a shape and the elements from one to the next along each
 * axis. */
INLINE ptrdiff_t work_place(int number, const int rank, const int *shape, const int *steps)
{
    ptrdiff_t place = 0;
    for (int axis = rank - 1; axis >= 0; number /= shape[axis], axis--)
        place += (ptrdiff_t)(number % shape[axis]) * steps[axis];
    return place;
}

/* Cut `items` into `parts`; part `part` does [first, last). */
typedef struct {
    int first, last;
} range;
INLINE range work_share(int items, int part, int parts)
{
    assert(items >= 0 && part >= 0 && part < parts);
    return (range){(int)((int64_t)items * part / parts), (int)((int64_t)items * (part + 1) / parts)};
}

/* The pieces of a part, of outers x inners in all. */
typedef struct {
    int outer, inner;           /* the present piece */
    int first_inner;            /* of the present outer */
    int last_outer, last_inner; /* one past the last outer of the part, and inner of the present outer */
    int outers, inners;
    range span;      /* the part's pieces have these numbers ... */
    int inner_first; /* ... counted outer * inners + inner, or inner * outers + outer */
} pieces;

/* Go to the next piece; 0: there is none. */
INLINE int work_next_piece(pieces *p)
{
    while (++p->inner >= p->last_inner) {
        if (++p->outer >= p->last_outer)
            return 0;
        if (p->inner_first) {
            p->inner = (p->span.first - p->outer + p->outers - 1) / p->outers - 1;
            p->last_inner = (p->span.last - p->outer + p->outers - 1) / p->outers;
        } else {
            p->inner = work_clamp(p->span.first - p->outer * p->inners, 0, p->inners) - 1;
            p->last_inner = work_clamp(p->span.last - p->outer * p->inners, 0, p->inners);
        }
        p->first_inner = p->inner + 1;
    }
    return 1;
}

/* Parts have neighbouring pieces, in the order in which they are done. */
INLINE pieces work_share_in_order(int outers, int inners, int part, int parts)
{
    const range span = work_share(outers * inners, part, parts);
    return (pieces){span.first / inners - 1, 0, 0, (span.last + inners - 1) / inners, 0, outers, inners, span, 0};
}

/* The parts that a thread is given have neighbouring inners of all outers, which they divide by the outer. If these are the
 * rows of channels, then a thread reads, but for the edges, what it wrote itself in the step before; with the channels
 * divided among threads, a convolution has half of its input from another core. */
INLINE pieces work_share_rows(int outers, int inners, int part, int parts)
{
    const int together = parts % EDGE_PARTS_PER_THREAD ? 1 : EDGE_PARTS_PER_THREAD;
    if (inners < parts / together)
        return work_share_in_order(outers, inners, part, parts);
    const int cuts = outers >= together ? together : outers > 1 && together > 1 ? 2 : 1;
    const range some = work_share(outers, part % cuts, cuts),
                span = work_share(outers * inners, part / cuts, parts / cuts);
    return (pieces){some.first - 1, 0, 0, some.last, 0, outers, inners, span, 1};
}

#endif

/* qlookup.h - tables of 256 bytes, in which each byte is looked up.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_QLOOKUP_H
#define EDGE_QLOOKUP_H

#include "qlookup_vectors.h"
#include "work.h"

typedef struct {
    int blocks, count; /* bytes of each block, which lie behind each other */
} qlookup;

/* out[i] = table[x[i]]. A part has its rows of all blocks, which mostly the same thread wrote in the step before. */
INLINE void qlookup_run(const qlookup c, const void *x, const uint8_t *table, void *out, int part, int parts)
{
    const range todo = work_share(c.count, part, parts);
    const int count = todo.last - todo.first;
    for (int block = 0; block < c.blocks; block++) {
        const size_t first = (size_t)block * c.count + todo.first;
        const uint8_t *from = (const uint8_t *)x + first;
        uint8_t *to = (uint8_t *)out + first;
        for (int i = qlookup_vectors(from, table, to, count); i < count; i++) to[i] = table[from[i]];
    }
}

#endif

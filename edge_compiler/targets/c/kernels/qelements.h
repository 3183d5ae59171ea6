/* qelements.h - quantised bytes, element by element: arithmetic, other scales, tables.
 *
 * Images in blocks of channels are such elements, too: operands are broadcast along their blocks, rows and pixels.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_QELEMENTS_H
#define EDGE_QELEMENTS_H

#include "bytes.h"
#include "elements.h"

typedef enum { Q_SCALE, Q_ADD, Q_MUL } q_operation;

/* What an operand's bytes are multiplied by, less their zero point. */
typedef struct {
    int flip, zero;
} q_operand;

typedef struct {
    int shape[MAX_RANK], a[MAX_RANK], b[MAX_RANK], c[MAX_RANK];
    q_operation op;
    q_operand left, right;
    float by_left, by_right;
    rounding round;
} qelements;

/* Up to 16 bytes of an operand, or one of them again and again, less the zero point. */
INLINE void qelements_load(const q_operand c, const uint8_t *x, const int step, const int count, vec *numbers)
{
    assert((step == 0 || step == 1) && count > 0);
    ivec wide[VECTORS];
    const bytes16 v = !step ? bytes_splat(*x) : count < BLOCK ? bytes_load_some(x, count) : bytes_load(x);
    bytes_widen(v ^ bytes_splat(c.flip), wide);
    UNROLLED_FOR (int i = 0; i < VECTORS; i++) numbers[i] = vec_float(wide[i] - c.zero);
}

INLINE void qelements_run(const qelements q, const void *x, const void *y, void *out, int part, int parts)
{
    assert(q.op == Q_SCALE || q.op == Q_ADD || q.op == Q_MUL);
    elements c = {{0}, {0}, {0}, {0}, 0};
    memcpy(c.shape, q.shape, sizeof c.shape), memcpy(c.a, q.a, sizeof c.a), memcpy(c.b, q.b, sizeof c.b);
    for (row_piece row = elements_first_row(c, part, parts); elements_next_row(c, &row);)
        for (int i = 0; i < row.count; i += BLOCK) {
            const int count = row.count - i;
            vec a[VECTORS], b[VECTORS];
            qelements_load(q.left, (const uint8_t *)x + row.a + i * STEP(a), STEP(a), count, a);
            if (q.op != Q_SCALE)
                qelements_load(q.right, (const uint8_t *)y + row.b + i * STEP(b), STEP(b), count, b);
            UNROLLED_FOR (int v = 0; v < VECTORS; v++) {
                if (q.op == Q_ADD)
                    a[v] = bytes_rounded(a[v] * q.by_left) + bytes_rounded(b[v] * q.by_right);
                else
                    a[v] = (q.op == Q_MUL ? a[v] * b[v] : a[v]) * q.by_left;
            }
            const bytes16 result = bytes_round(a, q.round);
            uint8_t *to = (uint8_t *)out + row.first + i;
            if (count < BLOCK)
                bytes_store_some(to, result, count);
            else
                bytes_store(to, result);
        }
}

typedef struct {
    int count;
} qlookup;

/* out[i] = table[x[i]] */
INLINE void qelements_lookup_run(const qlookup c, const void *x, const uint8_t *table, void *out, int part, int parts)
{
    const range todo = work_share(c.count, part, parts);
    const uint8_t *from = x;
    uint8_t *to = out;
    for (int i = todo.first; i < todo.last; i++) to[i] = table[from[i]];
}

#endif

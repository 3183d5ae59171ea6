/* qelements.h - quantised bytes, element by element: arithmetic, other scales.
 *
 * Images in blocks of channels are such elements, too: operands are broadcast along their blocks, rows and pixels.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_QELEMENTS_H
#define EDGE_QELEMENTS_H

#include "bytes_wide.h"
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

/* Combine numbers of both operands; the result takes the place of the left ones. */
INLINE void qelements_combine(const qelements q, const int vectors, vec *a, const vec *b)
{
    UNROLLED_FOR (int v = 0; v < vectors; v++) {
        if (q.op == Q_ADD)
            a[v] = bytes_rounded(a[v] * q.by_left) + bytes_rounded(b[v] * q.by_right);
        else
            a[v] = (q.op == Q_MUL ? a[v] * b[v] : a[v]) * q.by_left;
    }
}

/* Combine neighbouring bytes of operands, or one of them again and again; see STEP. */
INLINE void qelements_line(const qelements q, const uint8_t *x, const int x_step, const uint8_t *y, const int y_step,
                           uint8_t *out, const int count)
{
    int i = 0;
#if defined __AVX2__
    if (x_step == 1 && (q.op == Q_SCALE || y_step == 1))
        for (; i + BYTES_WIDE <= count; i += BYTES_WIDE) {
            vec a[BYTES_VECTORS], b[BYTES_VECTORS];
            bytes_wide_load(x + i, q.left.flip, q.left.zero, a);
            if (q.op != Q_SCALE)
                bytes_wide_load(y + i, q.right.flip, q.right.zero, b);
            qelements_combine(q, BYTES_VECTORS, a, b);
            const ivec result = bytes_wide_round(a, q.round);
            memcpy(out + i, &result, sizeof result);
        }
#endif
    for (; i < count; i += BLOCK) {
        vec a[VECTORS], b[VECTORS];
        qelements_load(q.left, x + i * x_step, x_step, count - i, a);
        if (q.op != Q_SCALE)
            qelements_load(q.right, y + i * y_step, y_step, count - i, b);
        qelements_combine(q, VECTORS, a, b);
        const bytes16 result = bytes_round(a, q.round);
        if (count - i < BLOCK)
            bytes_store_some(out + i, result, count - i);
        else
            bytes_store(out + i, result);
    }
}

INLINE void qelements_run(const qelements q, const void *x, const void *y, void *out, int part, int parts)
{
    assert(q.op == Q_SCALE || q.op == Q_ADD || q.op == Q_MUL);
    elements c = {{0}, {0}, {0}, {0}, 0};
    memcpy(c.shape, q.shape, sizeof c.shape), memcpy(c.a, q.a, sizeof c.a), memcpy(c.b, q.b, sizeof c.b);
    for (row_piece row = elements_first_row(c, part, parts); elements_next_row(c, &row);)
        qelements_line(q, (const uint8_t *)x + row.a, STEP(a), (const uint8_t *)y + row.b, STEP(b),
                       (uint8_t *)out + row.first, row.count);
}

#endif

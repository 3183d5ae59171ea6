/* elements.h - dense tensors of any element type, element by element: how operands are broadcast to a result.
 *
 * A kernel of several element types is a macro that makes a function of each: KERNEL_float, KERNEL_int32_t ... A bool is a
 * uint8_t of 0 or 1.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_ELEMENTS_H
#define EDGE_ELEMENTS_H

#include "copy.h"
#include "work.h"

#define INTEGER_TYPES(X) X(int8_t) X(uint8_t) X(int16_t) X(uint16_t) X(int32_t) X(uint32_t) X(int64_t)
#define NUMBER_TYPES(X) X(float) INTEGER_TYPES(X)

typedef struct {
    int shape[MAX_RANK];                       /* of the result, which is row-major; leading dimensions are 1 */
    int a[MAX_RANK], b[MAX_RANK], c[MAX_RANK]; /* each operand's elements from one index to the next; 0: repeated */
    int op;                                    /* what the kernel's enum names */
} elements;

/* A piece of a row of the result. */
typedef struct {
    int first, count;  /* its elements */
    int end;           /* of the part */
    ptrdiff_t a, b, c; /* where the operands' elements begin */
} row_piece;

/* Whether the operands' elements of a piece follow each other, or are one that is repeated. */
#define STEP(operand) (c.operand[MAX_RANK - 1])

INLINE row_piece elements_first_row(const elements c, int part, int parts)
{
    int count = 1;
    for (int d = 0; d < MAX_RANK; d++) count *= c.shape[d];
    const range todo = work_share(count, part, parts);
    return (row_piece){todo.first, 0, todo.last, 0, 0, 0};
}

/* Go to the next piece; 0: there is none. */
INLINE int elements_next_row(const elements c, row_piece *row)
{
    row->first += row->count;
    if (row->first >= row->end)
        return 0;
    const int left = row->end - row->first, width = c.shape[MAX_RANK - 1] - row->first % c.shape[MAX_RANK - 1];
    row->count = width < left ? width : left;
    row->a = work_place(row->first, MAX_RANK, c.shape, c.a);
    row->b = work_place(row->first, MAX_RANK, c.shape, c.b);
    row->c = work_place(row->first, MAX_RANK, c.shape, c.c);
    return 1;
}

/* Loop over the elements `i` of each piece `row` of the part; `c` is the configuration. */
#define FOR_ELEMENTS(i)                                                                   \
    for (row_piece row = elements_first_row(c, part, parts); elements_next_row(c, &row);) \
        for (int i = 0; i < row.count; i++)

#endif

/* attention.h - two products of matrices with Softmax of each row in between, a strip of rows at a time.
 *
 * The scores of a strip against all columns lie in scratch memory, small enough for a cache: written by the tiles of the first
 * product, made shares of one by Softmax where they lie, read by the tiles of the second. So they never go to memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_ATTENTION_H
#define EDGE_ATTENTION_H

#include "gemm.h"
#include "normalize.h"

typedef struct {
    gemm scores; /* of a strip, into scratch */
    gemm mixed;  /* of what Softmax makes of these, into the result */
    float power; /* what multiplies scores to make exponents of two of them; 1: they are that already */
    int strips;  /* that a matrix of the result is cut into, of so many rows as the products have */
    int longer;  /* so many of them, the first ones, have a row more */
} attention;

/* The product of all columns and a strip. In a longer one a narrow tile is a wide one. */
INLINE void attention_product(const gemm c, const int longer, const float *a, const void *b, const float *e, float *y)
{
    const int tiles = c.wide_tiles + c.narrow_tiles, groups = gemm_groups(c);
    for (int group = 0; group < groups; group++)
        for (int tile = 0; tile < tiles; tile++) gemm_group(c, c.wide_tiles + longer, group, tile, a, b, e, y);
}

/* Return an integer near the largest of a row's scores, made exponents of two if they aren't: less that, which is the same for all
 * shares, no power is too large, and a subtraction of integers costs nothing (see normalize_powers). */
INLINE float attention_largest(const int columns, const float power, float *line)
{
    const float largest = normalize_largest(columns, line), integer = 12582912.0f;
    if (power == 1.0f && fabsf(largest) < 0x1p21f)
        return (largest + integer) - integer;
    for (int x = 0; x < columns; x += LANES) vec_store(line + x, (vec_load(line + x) - largest) * power);
    return 0.0f;
}

/* Make powers of two of the scores, and add up those of each row: `sums` is a vector for each. Each phase does all rows: so no
 * row waits for what is found at the end of the one before. Whole vectors are computed; what no column is for counts nothing. */
INLINE void attention_powers(const gemm c, const float power, const int rows, float *scores, float *sums)
{
    const int columns = (c.columns + LANES - 1) / LANES * LANES;
    for (int row = 0; row < rows; row++)
        for (int x = c.columns; x < columns; x++) scores[(size_t)row * c.y_row + x] = -INFINITY;
    for (int row = 0; row < rows; row++)
        sums[row * LANES] = attention_largest(columns, power, scores + (size_t)row * c.y_row);
    for (int row = 0; row < rows; row++) {
        float *line = scores + (size_t)row * c.y_row;
        vec_store(sums + row * LANES, normalize_exponentials(columns, 1.0f, 0.0f, sums[row * LANES], line, line));
    }
}

/* y = act(softmax(scores of q and k) v). A piece of work is a strip of a matrix. Not the powers become shares of one, but what
 * is mixed of them, which is less. */
INLINE void attention_run(const attention c, const float *q, const void *k, const float *e, const void *v, float *y,
                          float *scratch, int part, int parts)
{
    const int matrices = c.scores.batch[0] * c.scores.batch[1] * c.scores.batch[2] * c.scores.batch[3];
    const int rows = c.scores.rows, all = c.strips * rows + c.longer;
    float *sums = scratch + (size_t)(rows + (c.longer > 0)) * c.scores.y_row;
    assert(c.mixed.rows == rows && c.scores.y_row == c.mixed.a_row && c.scores.columns == c.mixed.terms);
    pieces todo = work_share_rows(matrices, c.strips, part, parts);
    while (work_next_piece(&todo)) {
        const int matrix = todo.outer, longer = todo.inner < c.longer;
        const int first = todo.inner * rows + (longer ? todo.inner : c.longer);
        const float *asking = q + gemm_left_place(c.scores, matrix) + (ptrdiff_t)first * c.scores.a_row;
        const void *asked = weights_at(k, gemm_right_place(c.scores, matrix), c.scores.half);
        attention_product(c.scores, longer, asking, asked, e + (size_t)first * c.scores.c_row, scratch);
        attention_powers(c.scores, c.power, rows + longer, scratch, sums);
        const void *values = weights_at(v, gemm_right_place(c.mixed, matrix), c.mixed.half);
        float *result = y + ((size_t)matrix * all + first) * c.mixed.y_row;
        attention_product(c.mixed, longer, scratch, values, scratch, result);
        for (int row = 0; row < rows + longer; row++)
            normalize_scale(c.mixed.columns, 1.0f / normalize_sum(vec_load(sums + row * LANES)),
                            result + (size_t)row * c.mixed.y_row);
    }
}

#endif

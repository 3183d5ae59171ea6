/* gemm.h - products of matrices on register tiles.
 *
 * A tile is `height` rows of the result times `blocks` blocks of 16 columns, all held in registers while the sum runs over
 * the terms: each vector of the right operand is loaded once a tile and multiplied by `height` broadcast elements of the left
 * one. Every field of `gemm` is a constant where gemm_run() is inlined.
 *
 * The right operand is packed: [matrix][block of columns][term][16 columns], the last block filled up with zeros; it may be
 * weights in float16. Everything else is in row-major order, or any other that strides describe.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_GEMM_H
#define EDGE_GEMM_H

#include "activation.h"
#include "weights.h"
#include "work.h"

enum { GEMM_RANK = 4, GEMM_MAX_TILE = 32 };

typedef struct {
    int batch[GEMM_RANK]; /* matrices of the result in each dimension, which lie behind each other */
    int a_matrix[GEMM_RANK],
        b_matrix[GEMM_RANK]; /* elements from one matrix of an operand to the next; 0: the same one */
    int rows, columns, terms;
    int a_row, a_term;          /* elements from one row or term of the left operand to the next */
    int half;                   /* the right operand is in float16 */
    int chunk;                  /* terms that are summed up apart; 0: all in one sum */
    float alpha, beta;          /* y = act(alpha a b + beta c) */
    int has_c, c_row, c_column; /* elements from one row or column of c to the next; a column: 0 or 1 */
    int y_row;                  /* elements from one row of the result to the next */
    activation act;
    int height, blocks;           /* the tile */
    int wide_tiles, narrow_tiles; /* rows: so many tiles of `height`, then so many of `height - 1` */
} gemm;

/* Accumulate `count` terms; return the next of the right operand. */
INLINE const void *gemm_terms(const gemm c, const int height, const int blocks, const int count, vec *sum,
                              const float *restrict a, const void *restrict b)
{
    const int vectors = blocks * VECTORS, panel = c.terms * BLOCK;
    TWICE_FOR (int k = 0; k < count; k++, a += c.a_term, b = weights_at(b, BLOCK, c.half)) {
        vec right[GEMM_MAX_TILE];
        UNROLLED_FOR (int v = 0; v < vectors; v++)
            right[v] = weights_load(weights_at(b, v / VECTORS * panel + v % VECTORS * LANES, c.half), c.half);
        UNROLLED_FOR (int r = 0; r < height; r++)
            UNROLLED_FOR (int v = 0; v < vectors; v++) sum[r * vectors + v] += right[v] * a[r * c.a_row];
    }
    return b;
}

/* One tile, whose last block has `columns` columns from its first on. y: its first element; e: the same of c. */
INLINE void gemm_tile(const gemm c, const int height, const int blocks, const int columns, const float *restrict a,
                      const void *restrict b, const float *restrict e, float *restrict y)
{
    const int vectors = blocks * VECTORS, count = height * vectors;
    vec sum[GEMM_MAX_TILE];
    /* what is written only is rarely in a cache: fetched now, it is there when the sums are done */
    UNROLLED_FOR (int r = 0; r < height; r++) __builtin_prefetch(y + (size_t)r * c.y_row, 1);
    UNROLLED_FOR (int i = 0; i < count; i++) sum[i] = vec_splat(0.0f);
    int done = 0;
    if (c.chunk) { /* a long sum is added up in chunks, so that its rounding error stays small */
        vec total[GEMM_MAX_TILE];
        UNROLLED_FOR (int i = 0; i < count; i++) total[i] = vec_splat(0.0f);
        for (; done + c.chunk <= c.terms; done += c.chunk) {
            IN_MEMORY(total);
            UNROLLED_FOR (int i = 0; i < count; i++) sum[i] = vec_splat(0.0f);
            b = gemm_terms(c, height, blocks, c.chunk, sum, a + (size_t)done * c.a_term, b);
            UNROLLED_FOR (int i = 0; i < count; i++) total[i] += sum[i];
        }
        UNROLLED_FOR (int i = 0; i < count; i++) sum[i] = total[i];
    }
    gemm_terms(c, height, blocks, c.terms - done, sum, a + (size_t)done * c.a_term, b);

    const int later = activation_is_long(c.act);
    vec line[GEMM_MAX_TILE];
    UNROLLED_FOR (int r = 0; r < height; r++)
        UNROLLED_FOR (int v = 0; v < vectors; v++) {
            const int left = columns - v * LANES;
            vec result = sum[r * vectors + v] * c.alpha;
            if (c.has_c) {
                const float *more = e + (size_t)r * c.c_row;
                result += c.beta * (c.c_column ? vec_load_some(more + v * LANES, left) : vec_splat(*more));
            }
            if (later)
                line[r * vectors + v] = result;
            else
                vec_store_some(y + (size_t)r * c.y_row + v * LANES, activation_apply(c.act, result), left);
        }
    if (later) { /* all rows at once: what doesn't wait for each other can be computed together */
        activation_apply_line(c.act, (float *)line, count * LANES);
        for (int r = 0; r < height; r++) memcpy(y + (size_t)r * c.y_row, line + r * vectors, sizeof(float) * columns);
    }
}

/* The tile of a number, of the row that it begins; the first `wide_tiles` are of `height` rows. */
INLINE void gemm_tiles(const gemm c, const int wide_tiles, const int tile, const int blocks, const int columns,
                       const float *a, const void *b, const float *e, float *y)
{
    const int wide = tile < wide_tiles, row = tile * c.height - (wide ? 0 : tile - wide_tiles);
    a += (ptrdiff_t)row * c.a_row, e += (size_t)row * c.c_row, y += (size_t)row * c.y_row;
    if (wide)
        gemm_tile(c, c.height, blocks, columns, a, b, e, y);
    else if (c.narrow_tiles)
        gemm_tile(c, c.height - 1, blocks, columns, a, b, e, y);
}

/* How many groups of columns, each as wide as a tile, a matrix has. */
INLINE int gemm_groups(const gemm c) { return (c.columns + BLOCK * c.blocks - 1) / (BLOCK * c.blocks); }

/* A tile of a group of columns of one matrix, given its operands. */
INLINE void gemm_group(const gemm c, const int wide_tiles, const int group, const int tile, const float *a,
                       const void *b, const float *e, float *y)
{
    const int column = group * c.blocks * BLOCK, left = c.columns - (gemm_groups(c) - 1) * c.blocks * BLOCK;
    b = weights_at(b, (ptrdiff_t)column * c.terms, c.half), e += column * c.c_column, y += column;
    if (group < gemm_groups(c) - 1)
        gemm_tiles(c, wide_tiles, tile, c.blocks, c.blocks * BLOCK, a, b, e, y);
    else
        gemm_tiles(c, wide_tiles, tile, (left + BLOCK - 1) / BLOCK, left, a, b, e, y);
}

/* How many elements an operand's matrix lies behind its first one. The fields are a copy: arrays that a loop indexes keep
 * their struct in memory, and what depends on its other fields isn't folded before GCC has unrolled all of it. */
INLINE ptrdiff_t gemm_left_place(const gemm c, const int matrix)
{
    return work_place(matrix, GEMM_RANK, c.batch, c.a_matrix);
}

INLINE ptrdiff_t gemm_right_place(const gemm c, const int matrix)
{
    return work_place(matrix, GEMM_RANK, c.batch, c.b_matrix);
}

/* The product. A piece of work is one tile; tiles that read the same part of the right operand follow each other. Threads
 * divide the rows, as they do in the steps before and after it. */
INLINE void gemm_run(const gemm c, const float *a, const void *b, const float *e, float *y, int part, int parts)
{
    assert(c.wide_tiles * c.height + c.narrow_tiles * (c.height - 1) == c.rows);
    assert(c.c_column == 0 || c.c_column == 1);
    const int groups = gemm_groups(c), matrices = c.batch[0] * c.batch[1] * c.batch[2] * c.batch[3];
    pieces todo = work_share_rows(matrices * groups, c.wide_tiles + c.narrow_tiles, part, parts);
    while (work_next_piece(&todo)) {
        const int matrix = todo.outer / groups;
        const void *right = weights_at(b, gemm_right_place(c, matrix), c.half);
        gemm_group(c, c.wide_tiles, todo.outer % groups, todo.inner, a + gemm_left_place(c, matrix), right, e,
                   y + (size_t)matrix * c.rows * c.y_row);
    }
}

typedef struct {
    int batch[GEMM_RANK];  /* matrices of the right operand in each dimension */
    int matrix[GEMM_RANK]; /* elements from one to the next */
    int columns, terms;
    int term, column; /* elements from one term or column to the next */
    float scale;      /* what all are multiplied by */
} gemm_pack;

enum { GEMM_QUAD = 4 };

typedef float gemm_quad __attribute__((vector_size(sizeof(float) * GEMM_QUAD)));
typedef float gemm_quad_unaligned __attribute__((vector_size(sizeof(float) * GEMM_QUAD), aligned(4), may_alias));

#if defined __clang__
#define GEMM_SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
typedef int32_t gemm_quad_places __attribute__((vector_size(sizeof(int32_t) * GEMM_QUAD)));
#define GEMM_SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (gemm_quad_places){__VA_ARGS__})
#endif

/* Pack four terms, which are neighbours, of four columns. */
INLINE void gemm_pack_quads(const gemm_pack c, const float *from, float *to)
{
    gemm_quad x[GEMM_QUAD];
    UNROLLED_FOR (int i = 0; i < GEMM_QUAD; i++)
        x[i] = c.scale * *(const gemm_quad_unaligned *)(from + (size_t)i * c.column);
    const gemm_quad a = GEMM_SHUFFLE(x[0], x[1], 0, 4, 1, 5), b = GEMM_SHUFFLE(x[2], x[3], 0, 4, 1, 5);
    const gemm_quad d = GEMM_SHUFFLE(x[0], x[1], 2, 6, 3, 7), e = GEMM_SHUFFLE(x[2], x[3], 2, 6, 3, 7);
    *(gemm_quad *)to = GEMM_SHUFFLE(a, b, 0, 1, 4, 5);
    *(gemm_quad *)(to + BLOCK) = GEMM_SHUFFLE(a, b, 2, 3, 6, 7);
    *(gemm_quad *)(to + 2 * BLOCK) = GEMM_SHUFFLE(d, e, 0, 1, 4, 5);
    *(gemm_quad *)(to + 3 * BLOCK) = GEMM_SHUFFLE(d, e, 2, 3, 6, 7);
}

/* Pack some terms of a block of columns, `columns` of which there are. */
INLINE void gemm_pack_some(const gemm_pack c, const int terms, const int columns, const float *from, float *to)
{
    const int quads = c.term == 1 && columns == BLOCK ? terms / GEMM_QUAD * GEMM_QUAD : 0;
    for (int k = 0; k < quads; k += GEMM_QUAD)
        UNROLLED_FOR (int i = 0; i < BLOCK; i += GEMM_QUAD)
            gemm_pack_quads(c, from + (size_t)i * c.column + k, to + k * BLOCK + i);
    for (int k = quads; k < terms; k++) {
        const float *line = from + (size_t)k * c.term;
        if (columns == BLOCK) /* all at once */
            for (int i = 0; i < BLOCK; i++) to[k * BLOCK + i] = c.scale * line[(size_t)i * c.column];
        else
            for (int i = 0; i < BLOCK; i++)
                to[k * BLOCK + i] = i < columns ? c.scale * line[(size_t)i * c.column] : 0.0f;
    }
}

/* Pack the right operand. A piece of work is a square of 16 terms and 16 columns. */
INLINE void gemm_pack_run(const gemm_pack c, const float *restrict b, float *restrict packed, int part, int parts)
{
    const int blocks = (c.columns + BLOCK - 1) / BLOCK, squares = (c.terms + BLOCK - 1) / BLOCK;
    const int matrices = c.batch[0] * c.batch[1] * c.batch[2] * c.batch[3];
    pieces todo = work_share_rows(matrices * blocks, squares, part, parts);
    while (work_next_piece(&todo)) {
        const int matrix = todo.outer / blocks, column = todo.outer % blocks * BLOCK, term = todo.inner * BLOCK;
        const int terms = c.terms - term < BLOCK ? c.terms - term : BLOCK;
        const int columns = c.columns - column < BLOCK ? c.columns - column : BLOCK;
        const float *from =
            b + work_place(matrix, GEMM_RANK, c.batch, c.matrix) + (size_t)term * c.term + (size_t)column * c.column;
        gemm_pack_some(c, terms, columns, from, packed + ((size_t)todo.outer * c.terms + term) * BLOCK);
    }
}

#endif

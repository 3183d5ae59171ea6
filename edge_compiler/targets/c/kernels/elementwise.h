/* elementwise.h - functions of one or two values, element by element.
 *
 * An operand's steps may be 0 along an axis: then it is repeated along it (ONNX broadcasting).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_ELEMENTWISE_H
#define EDGE_ELEMENTWISE_H

#include "activation.h"
#include "work.h"

typedef struct {
    int plane, row, column;
} strides;

typedef enum { OP_ADD, OP_SUB, OP_MUL, OP_DIV, OP_MAX, OP_MIN, OP_PRELU, OP_POW } binary_op;

/* Lane by lane: a product of a logarithm would have as many wrong digits as the power has places. */
INLINE vec elementwise_pow(vec a, vec b)
{
    ROLLED_FOR (int i = 0; i < LANES; i++) a[i] = powf(a[i], b[i]);
    return a;
}

INLINE vec elementwise_apply(binary_op op, vec a, vec b)
{
    switch (op) {
    case OP_ADD: return a + b;
    case OP_SUB: return a - b;
    case OP_MUL: return a * b;
    case OP_DIV: return a / b;
    case OP_MAX: return vec_max_or_nan(a, b);
    case OP_MIN: return vec_min_or_nan(a, b);
    case OP_PRELU: return vec_select(a < 0.0f, a * b, a);
    case OP_POW: return elementwise_pow(a, b);
    }
    return a;
}

typedef struct {
    int blocks, height, width;
    strides a, b, out;
    binary_op op;
    activation act;
} binary;

/* out = act(a op b) */
INLINE void elementwise_binary_run(const binary c, const float *a, const float *b, float *out, int part, int parts)
{
    pieces todo = work_share_rows(c.blocks, c.height, part, parts);
    while (work_next_piece(&todo)) {
        const int block = todo.outer, y = todo.inner;
        const float *pa = a + (size_t)block * c.a.plane + y * c.a.row,
                    *pb = b + (size_t)block * c.b.plane + y * c.b.row;
        float *po = out + (size_t)block * c.out.plane + y * c.out.row;
        for (int x = 0; x < c.width; x++)
            UNROLLED_FOR (int v = 0; v < BLOCK; v += LANES)
                vec_store(po + x * c.out.column + v,
                          activation_apply(c.act, elementwise_apply(c.op, vec_load(pa + x * c.a.column + v),
                                                                    vec_load(pb + x * c.b.column + v))));
    }
}

typedef struct {
    int shape[MAX_RANK];          /* leading dimensions are 1 */
    int a[MAX_RANK], b[MAX_RANK]; /* elements from one to the next along each axis; along the last one 0 or 1 */
    binary_op op;
    activation act;
} broadcast;

enum { LINE_PIECE = 1024 }; /* elements of a line that are worth a piece of work */

INLINE int elementwise_pieces(const int length) { return (length + LINE_PIECE - 1) / LINE_PIECE; }

/* The elements of a line that make a piece of it. */
INLINE range elementwise_piece(const int length, const int index)
{
    const int first = index * LINE_PIECE, left = length - first;
    return (range){first, left < LINE_PIECE ? length : first + LINE_PIECE};
}

/* out = act(a op b), in row-major order. */
INLINE void elementwise_broadcast_run(const broadcast c, const float *a, const float *b, float *out, int part,
                                      int parts)
{
    const int lines = c.shape[0] * c.shape[1] * c.shape[2] * c.shape[3] * c.shape[4], length = c.shape[5];
    const int every_a = c.a[5], every_b = c.b[5];
    assert((every_a == 0 || every_a == 1) && (every_b == 0 || every_b == 1));
    pieces todo = work_share_in_order(lines, elementwise_pieces(length), part, parts);
    while (work_next_piece(&todo)) {
        const range piece = elementwise_piece(length, todo.inner);
        const int first = piece.first, count = piece.last - first;
        const float *pa = a + work_place(todo.outer, MAX_RANK - 1, c.shape, c.a) + first * every_a;
        const float *pb = b + work_place(todo.outer, MAX_RANK - 1, c.shape, c.b) + first * every_b;
        float *po = out + (size_t)todo.outer * length + first;
        for (int x = 0; x < count; x += LANES) {
            const vec va = every_a ? vec_load_some(pa + x, count - x) : vec_splat(*pa);
            const vec vb = every_b ? vec_load_some(pb + x, count - x) : vec_splat(*pb);
            vec_store_some(po + x, activation_apply(c.act, elementwise_apply(c.op, va, vb)), count - x);
        }
    }
}

typedef struct {
    int blocks, height, width;
    strides in, out;
    activation act;
} unary;

/* out = act(in) */
INLINE void elementwise_unary_run(const unary c, const float *in, float *out, int part, int parts)
{
    pieces todo = work_share_rows(c.blocks, c.height, part, parts);
    while (work_next_piece(&todo)) {
        const float *p = in + (size_t)todo.outer * c.in.plane + todo.inner * c.in.row;
        float *po = out + (size_t)todo.outer * c.out.plane + todo.inner * c.out.row;
        for (int x = 0; x < c.width; x++)
            UNROLLED_FOR (int v = 0; v < BLOCK; v += LANES)
                vec_store(po + x * c.out.column + v, activation_apply(c.act, vec_load(p + x * c.in.column + v)));
    }
}

/* out = act(in * scale[channel] + shift[channel]) */
INLINE void elementwise_channel_affine_run(const unary c, const float *in, const float *scale, const float *shift,
                                           float *out, int part, int parts)
{
    pieces todo = work_share_rows(c.blocks, c.height, part, parts);
    while (work_next_piece(&todo)) {
        const int block = todo.outer, y = todo.inner;
        const float *p = in + (size_t)block * c.in.plane + y * c.in.row;
        float *po = out + (size_t)block * c.out.plane + y * c.out.row;
        for (int v = 0; v < BLOCK; v += LANES) {
            const vec s = vec_load(scale + block * BLOCK + v), t = vec_load(shift + block * BLOCK + v);
            for (int x = 0; x < c.width; x++)
                vec_store(po + x * c.out.column + v,
                          activation_apply(c.act, vec_load(p + x * c.in.column + v) * s + t));
        }
    }
}

typedef struct {
    int lines, channels, length;
    activation act;
} line_affine;

/* The same in row-major order, where each line of neighbouring elements is of one channel. */
INLINE void elementwise_line_affine_run(const line_affine c, const float *in, const float *scale, const float *shift,
                                        float *out, int part, int parts)
{
    assert(c.lines % c.channels == 0);
    pieces todo = work_share_rows(c.lines, elementwise_pieces(c.length), part, parts);
    while (work_next_piece(&todo)) {
        const range piece = elementwise_piece(c.length, todo.inner);
        const int first = piece.first, count = piece.last - first;
        const float *p = in + (size_t)todo.outer * c.length + first;
        float *po = out + (size_t)todo.outer * c.length + first;
        const float s = scale[todo.outer % c.channels], t = shift[todo.outer % c.channels];
        for (int x = 0; x < count; x += LANES)
            vec_store_some(po + x, activation_apply(c.act, vec_load_some(p + x, count - x) * s + t), count - x);
    }
}

#endif

/* elementwise.h - functions of one or two images, pixel by pixel.
 *
 * An operand's plane, row and column strides may be 0: then it is repeated along that direction (ONNX broadcasting).
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

typedef enum { OP_ADD, OP_SUB, OP_MUL, OP_DIV, OP_MAX, OP_MIN } binary_op;

INLINE vec apply(binary_op op, vec a, vec b)
{
    switch (op) {
    case OP_ADD: return a + b;
    case OP_SUB: return a - b;
    case OP_MUL: return a * b;
    case OP_DIV: return a / b;
    case OP_MAX: return vec_max_or_nan(a, b);
    case OP_MIN: return vec_min_or_nan(a, b);
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
INLINE void binary_run(const binary c, const float *a, const float *b, float *out, int part, int parts)
{
    pieces todo = share_rows(c.blocks, c.height, part, parts);
    while (next_piece(&todo)) {
        const int block = todo.outer, y = todo.inner;
        const float *pa = a + (size_t)block * c.a.plane + y * c.a.row,
                    *pb = b + (size_t)block * c.b.plane + y * c.b.row;
        float *po = out + (size_t)block * c.out.plane + y * c.out.row;
        for (int x = 0; x < c.width; x++)
            UNROLLED_FOR (int v = 0; v < BLOCK; v += LANES)
                store(po + x * c.out.column + v,
                      activate(c.act, apply(c.op, load(pa + x * c.a.column + v), load(pb + x * c.b.column + v))));
    }
}

typedef struct {
    int blocks, height, width;
    strides in, out;
    activation act;
} unary;

/* out = act(in) */
INLINE void unary_run(const unary c, const float *in, float *out, int part, int parts)
{
    pieces todo = share_rows(c.blocks, c.height, part, parts);
    while (next_piece(&todo)) {
        const float *p = in + (size_t)todo.outer * c.in.plane + todo.inner * c.in.row;
        float *po = out + (size_t)todo.outer * c.out.plane + todo.inner * c.out.row;
        for (int x = 0; x < c.width; x++)
            UNROLLED_FOR (int v = 0; v < BLOCK; v += LANES)
                store(po + x * c.out.column + v, activate(c.act, load(p + x * c.in.column + v)));
    }
}

/* out = act(in * scale[channel] + shift[channel]) */
INLINE void channel_affine_run(const unary c, const float *in, const float *scale, const float *shift, float *out,
                               int part, int parts)
{
    pieces todo = share_rows(c.blocks, c.height, part, parts);
    while (next_piece(&todo)) {
        const int block = todo.outer, y = todo.inner;
        const float *p = in + (size_t)block * c.in.plane + y * c.in.row;
        float *po = out + (size_t)block * c.out.plane + y * c.out.row;
        for (int v = 0; v < BLOCK; v += LANES) {
            const vec s = load(scale + block * BLOCK + v), t = load(shift + block * BLOCK + v);
            for (int x = 0; x < c.width; x++)
                store(po + x * c.out.column + v, activate(c.act, load(p + x * c.in.column + v) * s + t));
        }
    }
}

#endif

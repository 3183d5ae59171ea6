/* recurrent.h - RNN, GRU and LSTM: from step to step, given what the inputs of all steps come to.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_RECURRENT_H
#define EDGE_RECURRENT_H

#include "activation.h"
#include "work.h"

typedef enum { RECURRENT_RNN, RECURRENT_GRU, RECURRENT_LSTM } recurrent_kind;

typedef struct {
    recurrent_kind kind;
    int steps, batch, directions;
    int backwards;                    /* the first direction begins at the last step; a second one always does */
    int hidden, width;                /* units, and the same in whole blocks */
    int x_step, x_batch;              /* floats of the inputs from one to the next */
    int y_step, y_direction, y_batch; /* of the results */
    int cells;                        /* floats of the results before the last cells */
    int has_h, has_c, has_peepholes;
    int coupled;     /* LSTM: what is forgotten makes room for what is new */
    int reset_after; /* GRU: what is reset is the product with the state, not the state */
    float clip;      /* of what activations are applied to */
    activation f, g, h;
} recurrent;

/* out = in + h R, for so many blocks of columns. */
INLINE void recurrent_blocks(const int blocks, int terms, const float *r, const float *h, const float *in, float *out)
{
    vec sum[blocks * VECTORS];
    UNROLLED_FOR (int i = 0; i < blocks * VECTORS; i++) sum[i] = vec_load(in + i * LANES);
    for (int k = 0; k < terms; k++)
        UNROLLED_FOR (int i = 0; i < blocks * VECTORS; i++)
            sum[i] += h[k] * vec_load(r + ((size_t)(i / VECTORS) * terms + k) * BLOCK + i % VECTORS * LANES);
    UNROLLED_FOR (int i = 0; i < blocks * VECTORS; i++) vec_store(out + i * LANES, sum[i]);
}

enum { RECURRENT_TOGETHER = LANES / 4 }; /* blocks: four sums, so that products needn't wait for each other */

/* out = in + h R; R lies in blocks of columns. */
INLINE void recurrent_product(int columns, int terms, const float *r, const float *h, const float *in, float *out)
{
    int column = 0;
    for (; column + RECURRENT_TOGETHER * BLOCK <= columns; column += RECURRENT_TOGETHER * BLOCK)
        recurrent_blocks(RECURRENT_TOGETHER, terms, r + (size_t)column * terms, h, in + column, out + column);
    for (; column < columns; column += BLOCK)
        recurrent_blocks(1, terms, r + (size_t)column * terms, h, in + column, out + column);
}

INLINE vec recurrent_activate(const recurrent c, activation act, vec x)
{
    return activation_apply(act, vec_min(vec_splat(c.clip), vec_max(vec_splat(-c.clip), x)));
}

/* The gates stand behind each other in `gates`; the state is replaced. */
INLINE void recurrent_lstm(const recurrent c, float *gates, const float *peepholes, float *cell, float *h)
{
    for (int i = 0; i < c.width; i += LANES) {
        const vec old = vec_load(cell + i);
        vec in = vec_load(gates + i), out = vec_load(gates + c.width + i), keep = vec_load(gates + 2 * c.width + i);
        if (c.has_peepholes) {
            in += vec_load(peepholes + i) * old;
            keep += vec_load(peepholes + 2 * c.width + i) * old;
        }
        in = recurrent_activate(c, c.f, in);
        keep = c.coupled ? 1.0f - in : recurrent_activate(c, c.f, keep);
        const vec new = keep *old + in *recurrent_activate(c, c.g, vec_load(gates + 3 * c.width + i));
        if (c.has_peepholes)
            out += vec_load(peepholes + c.width + i) * new;
        vec_store(cell + i, new);
        vec_store(h + i, recurrent_activate(c, c.f, out) * activation_apply(c.h, new));
    }
}

/* `x` is what the inputs come to, `bias` that of the product which is reset. */
INLINE void recurrent_gru(const recurrent c, const float *x, const float *r, const float *bias, float *gates, float *h)
{
    const int width = c.width;
    float *update = gates, *reset = gates + width, *new = gates + 2 * width;
    recurrent_product(2 * width, c.hidden, r, h, x, gates);
    for (int i = 0; i < width; i += LANES) {
        const vec some = recurrent_activate(c, c.f, vec_load(reset + i));
        vec_store(reset + i, c.reset_after ? some : some * vec_load(h + i));
    }
    r += (size_t)2 * width * c.hidden;
    recurrent_product(width, c.hidden, r, c.reset_after ? h : reset, c.reset_after ? bias : x + 2 * width, new);
    for (int i = 0; i < width; i += LANES) {
        const vec keep = recurrent_activate(c, c.f, vec_load(update + i));
        vec state = vec_load(new + i);
        if (c.reset_after)
            state = vec_load(x + 2 * width + i) + vec_load(reset + i) * state;
        state = recurrent_activate(c, c.g, state);
        vec_store(h + i, (1.0f - keep) * state + keep * vec_load(h + i));
    }
}

/* Go through the steps of a direction and an element of the batch.
 *
 * `r` holds the recurrent weights of each direction, `more` the peepholes of an LSTM or the bias of a GRU's reset. The results
 * are the states after all steps and, of an LSTM, the last cells. */
INLINE void recurrent_run(const recurrent c, const float *x, const float *r, const float *more, const float *first_h,
                          const float *first_c, float *out, float *scratch, int part, int parts)
{
    assert(c.width % BLOCK == 0 && c.hidden >= 1 && c.hidden <= c.width);
    assert(c.directions == 1 || c.directions == 2);
    const int gates = c.kind == RECURRENT_LSTM ? 4 : c.kind == RECURRENT_GRU ? 3 : 1;
    const range todo = work_share(c.directions * c.batch, part, parts);
    float *h = scratch, *cell = h + c.width, *sums = cell + c.width;
    for (int line = todo.first; line < todo.last; line++) {
        const int direction = line / c.batch, batch = line % c.batch;
        const float *weights = r + (size_t)direction * gates * c.width * c.hidden;
        const float *extra = more + direction * (c.kind == RECURRENT_LSTM ? 3 : 1) * c.width;
        memset(scratch, 0, sizeof(float) * 2 * c.width);
        if (c.has_h)
            memcpy(h, first_h + line * c.hidden, sizeof(float) * c.hidden);
        if (c.has_c)
            memcpy(cell, first_c + line * c.hidden, sizeof(float) * c.hidden);
        for (int i = 0; i < c.steps; i++) {
            const int step = c.backwards || direction ? c.steps - 1 - i : i;
            const float *in = x + (size_t)step * c.x_step + batch * c.x_batch + direction * gates * c.width;
            if (c.kind == RECURRENT_GRU) {
                recurrent_gru(c, in, weights, extra, sums, h);
            } else {
                recurrent_product(gates * c.width, c.hidden, weights, h, in, sums);
                if (c.kind == RECURRENT_LSTM)
                    recurrent_lstm(c, sums, extra, cell, h);
                for (int k = 0; k < c.width && c.kind == RECURRENT_RNN; k += LANES)
                    vec_store(h + k, recurrent_activate(c, c.f, vec_load(sums + k)));
            }
            float *y = out + (size_t)step * c.y_step + direction * c.y_direction + batch * c.y_batch;
            memcpy(y, h, sizeof(float) * c.hidden);
        }
        if (c.kind == RECURRENT_LSTM)
            memcpy(out + c.cells + line * c.hidden, cell, sizeof(float) * c.hidden);
    }
}

#endif

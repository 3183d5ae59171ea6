/* program.c - a small model written by hand in the form that the compiler emits: doubled = 2 * x, and
 * box = the 3x3 sums of doubled with zero padding. -D options choose sizes, layouts and pre-processing.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdatomic.h>
#include <stdint.h>

#include "backend.h"
#include "program.h"

#ifndef DENSE_INPUT
#define DENSE_INPUT 0
#endif
#define ROUND_UP(x) (((x) + BLOCK - 1) / BLOCK * BLOCK)

/* One shared column of zeros between rows would do; the halo is deliberately different on all sides. */
enum { TOP = 1, LEFT = 2, BOTTOM = 3, RIGHT = 1 };
#if DENSE_INPUT /* as the compiler sees a value that is no image: one long list of channels */
enum { C = CHANNELS * HEIGHT * WIDTH, H = 1, W = 1 };
#else
enum { C = CHANNELS, H = HEIGHT, W = WIDTH };
#endif
enum {
    ROW = (LEFT + W + RIGHT) * BLOCK,
    PLANE = (TOP + H + BOTTOM) * ROW,
    HALO_SIZE = ROUND_UP(C) / BLOCK * PLANE,
    ORIGIN = TOP * ROW + LEFT * BLOCK,
};
#define WITH_HALO(start) \
    {((start) + ORIGIN) * sizeof(float), 1, C, H, W, BLOCK, PLANE, ROW, 0, TOP, LEFT, BOTTOM, RIGHT, EDGE_FLOAT32}
#define DENSE(start) {(start) * sizeof(float), 1, C, H, W, 1, H * W, W, 0, 0, 0, 0, 0, EDGE_FLOAT32}

const edge_value edge_values[] = {
#if DENSE_INPUT
    DENSE(0),
#else
    WITH_HALO(0),
#endif
    WITH_HALO(HALO_SIZE),
    DENSE(2 * HALO_SIZE),
};
const uint32_t edge_inputs[] = {0}, edge_outputs[] = {1, 2};
const uint32_t edge_value_count = 3, edge_step_count = 2, edge_input_count = 1, edge_output_count = 2;
const uint32_t edge_program_count = 5;
const size_t edge_arena_bytes = (2 * HALO_SIZE + (size_t)C * H * W) * sizeof(float);
const size_t edge_scratch_bytes = W * sizeof(float), edge_prepared_bytes = 0, edge_original_bytes = 0;
const edge_backend *const edge_backends[] = {NULL};
const uint32_t edge_backend_count = 0;
const unsigned char edge_weights[] = {2}, edge_originals[] = {0};
const edge_preprocessing edge_preprocessing_spec = PREPROCESSING;

/* A test may close the gate: `doubled` waits for it to be opened, so that a run lasts as long as the test wants. */
static atomic_int gate_closed, runs_waiting;
EDGE_API void test_close_gate(int closed) { atomic_store(&gate_closed, closed); }
EDGE_API int test_runs_waiting(void) { return atomic_load(&runs_waiting); }

static float *at(const edge_memory *m, const edge_value *v, int c, int y, int x)
{
    return (float *)(m->arena + v->offset) + (ptrdiff_t)(c / v->block) * v->plane + (ptrdiff_t)y * v->row +
           (ptrdiff_t)x * v->block + c % v->block;
}

static void run_doubled(const edge_memory *m, int part, int parts)
{
    const edge_value *in = &edge_values[0], *out = &edge_values[1];
    if (atomic_load(&gate_closed)) {
        atomic_fetch_add(&runs_waiting, 1);
        while (atomic_load(&gate_closed));
        atomic_fetch_sub(&runs_waiting, 1);
    }
    const int planes = ROUND_UP(C);
    for (int c = planes * part / parts; c < planes * (part + 1) / parts; c++)
        for (int y = -TOP; y < H + BOTTOM; y++)
            for (int x = -LEFT; x < W + RIGHT; x++) {
                const int inside = c < C && y >= 0 && y < H && x >= 0 && x < W;
                *at(m, out, c, y, x) = inside ? (float)m->weights[0] * *at(m, in, c, y, x) : 0.0f;
            }
}

static void run_box(const edge_memory *m, int part, int parts)
{
    const edge_value *in = &edge_values[1], *out = &edge_values[2];
    for (int i = C * H * part / parts; i < C * H * (part + 1) / parts; i++) {
        const int c = i / H, y = i % H;
        float *const row = (float *)m->scratch;
        for (int x = 0; x < W; x++) {
            row[x] = 0;
            for (int dy = -1; dy <= 1; dy++)
                for (int dx = -1; dx <= 1; dx++) row[x] += *at(m, in, c, y + dy, x + dx);
        }
        for (int x = 0; x < W; x++) *at(m, out, c, y, x) = row[x];
    }
}

static int never(void) { return 0; }
static int always(void) { return 1; }
static const edge_step steps[] = {{run_doubled, 1, 64, 0, 0}, {run_box, 2, 64, 0, 0}};
const edge_program edge_programs[] = {
    {"future", never, "this processor lacks quantum dots", steps, always},
    {"slow", EDGE_TEST_SUPPORTED, "this processor lacks magic", steps, never},
    {"fast", EDGE_TEST_SUPPORTED, "this processor lacks magic", steps, always},
    {"other", never, "this processor lacks other magic", steps, always},
    {"baseline", EDGE_TEST_SUPPORTED, "this processor lacks magic", steps, always},
};

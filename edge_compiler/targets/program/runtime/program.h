/* program.h - what the generator writes for the run-time part: where values lie, and the steps that compute them.
 *
 * A generated library consists of
 *   program.c        the tables below, the same for every instruction set          (generated)
 *   steps_*_*.c      one function a step, for each instruction set in its turn     (generated)
 *   weights.bin      packed weights, placed in read-only data                      (generated)
 *   originals.bin    those among them that are only read at create                 (generated)
 *   description.json what the library says of itself                               (generated)
 *   embed.S          brings these three into the library                           (generated)
 *   runtime/ *.c     the C interface, threads, camera frames                       (this folder)
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_PROGRAM_H
#define EDGE_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "edge_model.h"

/* Where a value lies in the arena. A value has `images` images of `channels` channels of `height` x `width` elements. Channels
 * are grouped into blocks of `block` (1 or 16) channels that lie side by side; element (n, c, y, x) is at
 *     n * image + (c / block) * plane + y * row + x * block + c % block
 * elements behind `offset`, which is in bytes: values of several types share the arena, and kernels count in elements.
 * A zero halo around the plane (for the convolutions that read past the edge) lies between the rows and planes. */
typedef struct edge_value {
    size_t offset;
    uint32_t images, channels, height, width;
    uint32_t block, plane, row;
    size_t image; /* of several; else 0 */
    uint32_t halo_top, halo_left, halo_bottom, halo_right;
    uint32_t element; /* an edge_element */
} edge_value;

/* What a step may touch; all begin at cache lines. */
typedef struct edge_memory {
    unsigned char *arena;
    const unsigned char *weights;
    const unsigned char *originals; /* weights that are read at create only */
    unsigned char *prepared; /* what steps computed from their weights at create; written by edge_step.prepare alone */
    unsigned char *scratch;  /* private to the thread that runs the part */
} edge_memory;

/* Compute part `part` of `parts` of a step. Parts of one step may run at the same time, in any order; see parts.h. */
typedef void (*edge_step_function)(const edge_memory *memory, int part, int parts);

typedef struct edge_step {
    edge_step_function run;     /* NULL: a step of another back end */
    uint32_t value;             /* index of the value that it writes */
    uint16_t parts;             /* the most parts that are worth cutting it into; 1: not worth sharing among threads */
    uint16_t backend;           /* that runs it if `run` is NULL: an index of edge_backends, see backend.h */
    edge_step_function prepare; /* run once at create, cut into parts too; or NULL */
} edge_step;

/* The steps, compiled for one instruction set. */
typedef struct edge_program {
    const char *variant;         /* "avx512", "avx2", "baseline", "neon" */
    int (*supported)(void);      /* can this processor run it? */
    const char *missing_message; /* why another processor can't, e.g. "this processor lacks AVX2 or FMA" */
    const edge_step *steps;
    int (*pays)(void); /* is it faster than those behind it? Else it must be asked for by its name */
} edge_program;

/* How a camera frame becomes the image input: (pixel - mean[c]) * scale[c], channels in the network's order. The picture
 * is interpolated bilinearly with half-pixel centres; interpolated pixels are not rounded. */
typedef struct edge_preprocessing {
    int available;          /* 0: the model has no image input, edge_run_frame() is refused */
    int letterbox;          /* 0: stretch to the input's size; 1: keep the aspect ratio, centre, pad with pad_value */
    int channels;           /* 1 or 3 */
    uint32_t height, width; /* of the network's input */
    int bgr;                /* the network's channel order: 0 RGB, 1 BGR */
    int channels_last;      /* the network's input is NHWC; its value is dense then */
    float pad_value;        /* of the padding, before normalisation, 0..255 */
    float mean[3], scale[3];
} edge_preprocessing;

/* The tables of the generated program.c. */
extern const uint32_t edge_value_count, edge_step_count, edge_input_count, edge_output_count, edge_program_count;
extern const edge_value edge_values[];
extern const uint32_t edge_inputs[], edge_outputs[];     /* indices of values, in the model's order */
extern const edge_program edge_programs[];               /* best first */
extern const edge_preprocessing edge_preprocessing_spec; /* concerns edge_inputs[0] */
extern const size_t edge_arena_bytes, edge_scratch_bytes, edge_prepared_bytes, edge_original_bytes;
extern const unsigned char edge_weights[], edge_originals[];
extern const char edge_description[]; /* JSON */

/* What edge_program.supported may be (cpu.c). */
int edge_cpu_always(void);
#if defined __x86_64__
int edge_cpu_avx2(void);   /* all of x86-64-v3 */
int edge_cpu_avx512(void); /* all of x86-64-v4 */
int edge_cpu_avx512vnni(void);
int edge_cpu_avx512bf16(void);
int edge_cpu_avx512bf16vnni(void);
int edge_cpu_fast_bf16(void); /* edge_program.pays */
int edge_cpu_avxvnni(void);
#elif defined __aarch64__
int edge_cpu_fp16(void); /* arithmetic of float16 in vectors */
int edge_cpu_dotprod(void);
int edge_cpu_i8mm(void);
int edge_cpu_fp16dotprod(void);
int edge_cpu_fp16i8mm(void);
#elif defined __arm__
int edge_cpu_neon_vfpv4(void);
#endif

#endif

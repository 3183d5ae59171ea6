/* copy.h - steps that only move data: changes of layout, transposition, slices, unaligned channels.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_COPY_H
#define EDGE_COPY_H

#include "work.h"

/* Where channel c of an image lies: c / lanes * plane + c % lanes, then y * row + x * lanes. */
typedef struct {
    int lanes, plane, row;
} image_layout;

INLINE size_t copy_channel_offset(const image_layout l, int channel)
{
    return (size_t)(channel / l.lanes) * l.plane + channel % l.lanes;
}

typedef struct {
    int channels, height, width;
    image_layout in, out;
    int out_channel;        /* the first channel to write */
    int clear_lanes;        /* this many lanes after the last channel are set to zero */
    const uint16_t *source; /* out channel i comes from source[i]; NULL: from i */
} channel_copy;

typedef struct {
    int plane, row;
} block_layout;

typedef struct {
    int blocks, height, elements; /* elements: of a row */
    block_layout in, out;
} block_copy;

typedef struct {
    int channels, height, width;
    image_layout in, out;
    int clear_lanes; /* this many lanes after the last channel are set to zero */
} run_copy;

/* Images of one element type; zero stands in the lanes that hold no channel. */
#define COPY_IMAGES(T)                                                                                                       \
    /* Copy channels one by one, changing blocked to dense and back, moving and permuting them. */                           \
    INLINE void copy_channels_##T(const channel_copy c, const T *in, T *out, int part, int parts)                            \
    {                                                                                                                        \
        pieces todo = work_share_rows(c.channels + c.clear_lanes, c.height, part, parts);                                    \
        while (work_next_piece(&todo)) {                                                                                     \
            const int channel = todo.outer, y = todo.inner;                                                                  \
            T *to = out + copy_channel_offset(c.out, c.out_channel + channel) + y * c.out.row;                               \
            if (channel >= c.channels) {                                                                                     \
                for (int x = 0; x < c.width; x++) to[x * c.out.lanes] = 0;                                                   \
                continue;                                                                                                    \
            }                                                                                                                \
            const T *from = in + copy_channel_offset(c.in, c.source ? c.source[channel] : channel) + y * c.in.row;           \
            for (int x = 0; x < c.width; x++) to[x * c.out.lanes] = from[x * c.in.lanes];                                    \
        }                                                                                                                    \
    }                                                                                                                        \
    /* Copy whole blocks of channels, `elements` a row. */                                                                   \
    INLINE void copy_blocks_##T(const block_copy c, const T *in, T *out, int part, int parts)                                \
    {                                                                                                                        \
        pieces todo = work_share_rows(c.blocks, c.height, part, parts);                                                      \
        while (work_next_piece(&todo)) {                                                                                     \
            const int block = todo.outer, y = todo.inner;                                                                    \
            memcpy(out + (size_t)block * c.out.plane + y * c.out.row, in + (size_t)block * c.in.plane + y * c.in.row,        \
                   sizeof(T) * c.elements);                                                                                  \
        }                                                                                                                    \
    }                                                                                                                        \
    /* Copy between images in blocks and images with all channels side by side: both have the runs of a block's channels. */ \
    INLINE void copy_runs_##T(const run_copy c, const T *in, T *out, int part, int parts)                                    \
    {                                                                                                                        \
        pieces todo = work_share_rows((c.channels + BLOCK - 1) / BLOCK, c.height, part, parts);                              \
        while (work_next_piece(&todo)) {                                                                                     \
            const int channel = todo.outer * BLOCK, y = todo.inner;                                                          \
            const T *from = in + copy_channel_offset(c.in, channel) + y * c.in.row;                                          \
            T *to = out + copy_channel_offset(c.out, channel) + y * c.out.row;                                               \
            if (channel + BLOCK <= c.channels) {                                                                             \
                for (int x = 0; x < c.width; x++)                                                                            \
                    memcpy(to + x * c.out.lanes, from + x * c.in.lanes, sizeof(T) * BLOCK);                                  \
                continue;                                                                                                    \
            }                                                                                                                \
            for (int x = 0; x < c.width; x++) {                                                                              \
                memcpy(to + x * c.out.lanes, from + x * c.in.lanes, sizeof(T) * (c.channels % BLOCK));                       \
                for (int lane = 0; lane < c.clear_lanes; lane++) to[x * c.out.lanes + c.channels % BLOCK + lane] = 0;        \
            }                                                                                                                \
        }                                                                                                                    \
    }
COPY_IMAGES(float)
COPY_IMAGES(int32_t)
COPY_IMAGES(uint8_t)
COPY_IMAGES(int8_t)
#undef COPY_IMAGES

/* Bytes in planes become blocks of channels, pixel by pixel. */
INLINE void copy_pixels_run(const run_copy c, const void *in, void *out, int part, int parts)
{
    pieces todo = work_share_rows((c.channels + BLOCK - 1) / BLOCK, c.height, part, parts);
    while (work_next_piece(&todo)) {
        const int first = todo.outer * BLOCK, left = c.channels - first, count = left < BLOCK ? left : BLOCK;
        const uint8_t *from = (const uint8_t *)in + copy_channel_offset(c.in, first) + todo.inner * c.in.row;
        uint8_t *to = (uint8_t *)out + copy_channel_offset(c.out, first) + todo.inner * c.out.row;
        for (int x = 0; x < c.width; x++, to += BLOCK) {
            uint64_t halves[2] = {0, 0};
            for (int lane = 0; lane < count; lane++)
                halves[lane / 8] |= (uint64_t)from[(size_t)lane * c.in.plane + x] << lane % 8 * 8;
            memcpy(to, halves, sizeof halves);
        }
    }
}

typedef struct {
    int shape[MAX_RANK]; /* leading dimensions are 1 */
    int in[MAX_RANK], out[MAX_RANK];
    int bytes; /* of an element */
} strided_copy;

/* The longest axis, but for neighbours that stay neighbours. It mostly counts rows, or what were or become some: threads that
 * divide it read what they wrote themselves in the step before, and write what they read in the next one. */
INLINE int copy_cut(const strided_copy c)
{
    const int last = MAX_RANK - 1, together = c.in[last] == 1 && c.out[last] == 1;
    int longest = 0;
    UNROLLED_FOR (int axis = 1; axis < MAX_RANK; axis++)
        if (c.shape[axis] > c.shape[longest] && !(axis == last && together))
            longest = axis;
    return longest;
}

/* Copy a box of a dense tensor; strides may be negative (Slice) or in any order (Transpose). */
INLINE void copy_strided_run(const strided_copy c, const void *in, void *out, int part, int parts)
{
    assert(c.bytes == 1 || c.bytes == 2 || c.bytes == 4 || c.bytes == 8);
    const int cut = copy_cut(c);
    int rest[MAX_RANK];
    UNROLLED_FOR (int axis = 0; axis < MAX_RANK; axis++) rest[axis] = axis == cut ? 1 : c.shape[axis];
    const int lines = rest[0] * rest[1] * rest[2] * rest[3] * rest[4];
    const range todo = work_share(c.shape[cut], part, parts);
    for (int slice = todo.first; slice < todo.last; slice++)
        for (int i = 0; i < lines; i++) {
            const ptrdiff_t from = work_place(i, MAX_RANK - 1, rest, c.in) + (ptrdiff_t)slice * c.in[cut],
                            to = work_place(i, MAX_RANK - 1, rest, c.out) + (ptrdiff_t)slice * c.out[cut];
            const char *element = (const char *)in + from * c.bytes;
            char *copy = (char *)out + to * c.bytes;
            for (int x = 0; x < rest[5]; x++)
                memcpy(copy + (ptrdiff_t)x * c.out[5] * c.bytes, element + (ptrdiff_t)x * c.in[5] * c.bytes, c.bytes);
        }
}

#endif

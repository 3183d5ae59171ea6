/* tensor.c - between dense tensors and the arena's blocked values with halos.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tensor.h"

#include <string.h>

static const struct {
    const char *name;
    size_t bytes;
} elements[] = {
    [EDGE_FLOAT32] = {"float32", 4}, [EDGE_UINT8] = {"uint8", 1},   [EDGE_INT8] = {"int8", 1},
    [EDGE_UINT16] = {"uint16", 2},   [EDGE_INT16] = {"int16", 2},   [EDGE_INT32] = {"int32", 4},
    [EDGE_INT64] = {"int64", 8},     [EDGE_BOOL] = {"bool", 1},     [EDGE_FLOAT16] = {"float16", 2},
    [EDGE_FLOAT64] = {"float64", 8}, [EDGE_UINT32] = {"uint32", 4}, [EDGE_UINT64] = {"uint64", 8},
    [EDGE_BFLOAT16] = {"bfloat16", 2},
};

size_t edge_element_bytes(uint32_t element)
{
    return element < sizeof elements / sizeof *elements ? elements[element].bytes : 0;
}

const char *edge_element_name(uint32_t element)
{
    return edge_element_bytes(element) ? elements[element].name : "none of edge_element's";
}

/* Zero `pixels` pixels from `first` on. */
static void clear(float *first, size_t pixels, uint32_t block)
{
    memset(first, 0, pixels * block * sizeof *first);
}

void edge_tensor_clear_halo(const edge_value *value, float *arena, uint32_t first, uint32_t last)
{
    const ptrdiff_t block = value->block, left = value->halo_left, right = value->halo_right;
    const ptrdiff_t top = value->halo_top, bottom = value->halo_bottom;
    const ptrdiff_t channels = value->channels, height = value->height, width = value->width;
    const ptrdiff_t begin = first == 0 ? -top : (ptrdiff_t)first;
    const ptrdiff_t end = last == value->height ? height + bottom : (ptrdiff_t)last;
    if (!(top | bottom | left | right))
        return;
    for (ptrdiff_t c = 0; c < channels; c += block) {
        float *plane = arena + value->offset + c / block * (ptrdiff_t)value->plane;
        for (ptrdiff_t y = begin; y < end; y++) {
            float *row = plane + y * (ptrdiff_t)value->row;
            if (y < 0 || y >= height) {
                clear(row - left * block, (size_t)(left + width + right), value->block);
            } else {
                clear(row - left * block, (size_t)left, value->block);
                clear(row + width * block, (size_t)right, value->block);
            }
        }
    }
}

/* Whether the value lies in the arena just as in a dense tensor. */
static int is_dense(const edge_value *value)
{
    return value->block == 1 && value->row == value->width && value->plane == value->height * value->row;
}

size_t edge_tensor_bytes(const edge_value *value)
{
    return (size_t)value->channels * value->height * value->width * edge_element_bytes(value->element);
}

void edge_tensor_import_rows(const edge_value *value, float *arena, const float *source, uint32_t first, uint32_t last)
{
    const size_t block = value->block, width = value->width, area = (size_t)value->height * width;
    if (is_dense(value) && first == 0 && last == value->height) {
        memcpy(arena + value->offset, source, edge_tensor_bytes(value));
        return;
    }
    edge_tensor_clear_halo(value, arena, first, last);
    for (size_t channel = 0; channel < value->channels; channel += block) {
        const size_t filled = value->channels - channel < block ? value->channels - channel : block;
        for (size_t y = first; y < last; y++) {
            const float *from = source + channel * area + y * width;
            float *to = arena + value->offset + channel / block * value->plane + y * value->row;
            if (filled < block)
                clear(to, width, value->block);
            if (block == 1) {
                memcpy(to, from, width * sizeof *to);
                continue;
            }
            for (size_t lane = 0; lane < filled; lane++)
                for (size_t x = 0; x < width; x++)
                    to[x * block + lane] = from[lane * area + x];
        }
    }
}

void edge_tensor_export(const edge_value *value, const float *arena, float *destination)
{
    const size_t block = value->block, width = value->width;
    if (is_dense(value)) {
        memcpy(destination, arena + value->offset, edge_tensor_bytes(value));
        return;
    }
    for (size_t c = 0; c < value->channels; c++) {
        for (size_t y = 0; y < value->height; y++, destination += width) {
            const float *from = arena + value->offset + c / block * value->plane + y * value->row + c % block;
            if (block == 1) {
                memcpy(destination, from, width * sizeof *from);
                continue;
            }
            for (size_t x = 0; x < width; x++)
                destination[x] = from[x * block];
        }
    }
}

/* tensor.h - between dense tensors and the arena's blocked values with halos.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_TENSOR_H
#define EDGE_TENSOR_H

#include "program.h"

/* Bytes of an element; 0: there is no such edge_element. */
size_t edge_element_bytes(uint32_t element);

/* The name of an edge_element, as edge_describe() has it. */
const char *edge_element_name(uint32_t element);

/* Bytes of a value as a dense tensor. */
size_t edge_tensor_bytes(const edge_value *value);

/* Zero the halo beside the rows [first, last) of a value, above the first and below the last of all. */
void edge_tensor_clear_halo(const edge_value *value, unsigned char *arena, uint32_t first, uint32_t last);

/* Copy the rows [first, last) of a dense row-major tensor into a value. Channel padding becomes zero, and so does the halo
 * beside the rows, above the first and below the last of all. */
void edge_tensor_import_rows(const edge_value *value, unsigned char *arena, const void *source, uint32_t first,
                             uint32_t last);

/* Copy a value into a dense row-major tensor. */
void edge_tensor_export(const edge_value *value, const unsigned char *arena, void *destination);

#endif

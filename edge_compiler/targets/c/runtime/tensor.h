/* tensor.h - between dense tensors and the arena's blocked values with halos.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_TENSOR_H
#define EDGE_TENSOR_H

#include "program.h"

/* Zero the halo of a value. */
void edge_tensor_clear_halo(const edge_value *value, float *arena);

/* Copy a dense row-major tensor into a value; halo and channel padding become zero. */
void edge_tensor_import(const edge_value *value, float *arena, const float *source);

/* Copy a value into a dense row-major tensor. */
void edge_tensor_export(const edge_value *value, const float *arena, float *destination);

#endif

/* network.h - what the generator writes of a network for the back end of TensorRT: the tensors that it reads and computes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_TENSORRT_NETWORK_H
#define EDGE_TENSORRT_NETWORK_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EDGE_TENSORRT_RANK 8 /* of TensorRT's tensors, at most */

typedef struct edge_tensorrt_tensor {
    const char *name;
    size_t offset, bytes; /* in the arena */
    uint32_t element;     /* an edge_element */
    int32_t rank;
    int64_t shape[EDGE_TENSORRT_RANK];
} edge_tensorrt_tensor;

/* Output number i is what step number i writes. */
extern const edge_tensorrt_tensor edge_tensorrt_inputs[], edge_tensorrt_outputs[];
extern const uint32_t edge_tensorrt_input_count, edge_tensorrt_output_count;

/* The engine (engine.S). */
extern const unsigned char edge_tensorrt_engine[], edge_tensorrt_engine_end[];

#ifdef __cplusplus
}
#endif
#endif

/* node.h - what the generator writes for each step that Arm Compute Library runs.
 *
 * All fields are 32 bits wide, without gaps: the compiler also sends such structs to the probe (probe.cpp) as bytes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_ACL_NODE_H
#define EDGE_ACL_NODE_H

#include <stdint.h>

typedef enum edge_acl_op {
    EDGE_ACL_GEMM, /* convolution */
    EDGE_ACL_WINOGRAD,
    EDGE_ACL_DEPTHWISE,
    EDGE_ACL_MAX_POOL,
    EDGE_ACL_AVERAGE_POOL,
    EDGE_ACL_GLOBAL_AVERAGE_POOL,
    EDGE_ACL_SOFTMAX, /* over the channels */
    EDGE_ACL_ADD,
    EDGE_ACL_MUL,
    EDGE_ACL_ACTIVATION,
    EDGE_ACL_OPS /* how many there are */
} edge_acl_op;

/* What runs an operator (operators.cpp). The table names those that it needs: the linker leaves out the others, and
 * with them the most of the library. */
typedef struct edge_acl_operator edge_acl_operator;
extern const edge_acl_operator edge_acl_op_gemm, edge_acl_op_winograd, edge_acl_op_depthwise, edge_acl_op_max_pool,
    edge_acl_op_average_pool, edge_acl_op_global_average_pool, edge_acl_op_softmax, edge_acl_op_add, edge_acl_op_mul,
    edge_acl_op_activation;

/* a and b are the parameters that the function has in the compiler: see Activation in ir/graph.py. */
typedef enum edge_acl_activation {
    EDGE_ACL_NO_ACTIVATION,
    EDGE_ACL_RELU,
    EDGE_ACL_CLIP,
    EDGE_ACL_LEAKY_RELU,
    EDGE_ACL_SIGMOID,
    EDGE_ACL_SILU,
    EDGE_ACL_TANH,
    EDGE_ACL_HARD_SWISH,
} edge_acl_activation;

#define EDGE_ACL_NONE UINT32_MAX /* no weights, no bias */

/* A value with its channels last: element (c, y, x) lies (y * width + x) * pixel + c floats behind `offset`, which is in bytes.
 * `pixel` is more than `channels` where the value is a part of another's channels. */
typedef struct edge_acl_image {
    uint32_t offset;
    uint32_t channels, height, width;
    uint32_t pixel;
} edge_acl_image;

typedef struct edge_acl_node {
    uint32_t op;
    edge_acl_image source, second, target; /* second: of a sum or a product */
    uint32_t step;                         /* its index in the program */
    uint32_t weights, bias;                /* offsets in the originals and in the weights, in bytes */
    uint32_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w;
    uint32_t pad_left, pad_right, pad_top, pad_bottom;
    uint32_t groups;
    uint32_t count_padding; /* an average counts the padding's zeros */
    uint32_t activation;
    float a, b;
} edge_acl_node;

/* The tables of the generated acl_nodes.c. */
extern const edge_acl_operator *const edge_acl_operators[EDGE_ACL_OPS]; /* NULL: no node needs it */
extern const edge_acl_node edge_acl_nodes[];
extern const uint32_t edge_acl_node_count;

#endif

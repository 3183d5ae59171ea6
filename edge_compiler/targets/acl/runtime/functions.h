// functions.h - a node of the table as a function of Arm Compute Library.
//
// SPDX-License-Identifier: Apache-2.0
#ifndef EDGE_ACL_FUNCTIONS_H
#define EDGE_ACL_FUNCTIONS_H

#include <memory>
#include <string>

#include <arm_compute/core/Error.h>
#include <arm_compute/core/TensorInfo.h>
#include <arm_compute/runtime/IFunction.h>
#include <arm_compute/runtime/IMemoryManager.h>
#include <arm_compute/runtime/Tensor.h>

extern "C" {
#include "node.h"
#include "runtime/program.h"
}

namespace edge {

using MemoryManager = std::shared_ptr<arm_compute::IMemoryManager>;

// What the library is told of a node's tensors.
struct Infos {
    explicit Infos(const edge_acl_node &node);

    const arm_compute::TensorInfo *bias_or_null() const { return has_bias ? &bias : nullptr; }

    arm_compute::TensorInfo source, second, target, weights, bias;
    bool has_bias;
};

// A configured function with the tensors that it works on: their memory is the arena's and the weights'.
struct Function {
    const arm_compute::ITensor *bias_or_null() const { return bias.buffer() ? &bias : nullptr; }

    arm_compute::Tensor source, second, target, weights, bias;
    std::unique_ptr<arm_compute::IFunction> function;
};

// Tell whether the library can run a node: "" if it can, else its reason.
std::string refusal(const edge_acl_node &node);

// Configure the function of a node. Its own temporary memory comes from `own`.
std::unique_ptr<Function> configure(const edge_acl_node &node, const edge_memory &memory, const MemoryManager &own);

} // namespace edge

// An operator: whether the library can run a node, and the node's function, configured.
struct edge_acl_operator {
    arm_compute::Status (*validate)(const edge_acl_node &node, const edge::Infos &infos);
    std::unique_ptr<arm_compute::IFunction> (*configure)(const edge_acl_node &node, edge::Function &function,
                                                         const edge::MemoryManager &memory);
};

#endif

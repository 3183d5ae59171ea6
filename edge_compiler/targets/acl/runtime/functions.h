// functions.h - a node of the table as a function of Arm Compute Library.
//
// SPDX-License-Identifier: Apache-2.0
#ifndef EDGE_ACL_FUNCTIONS_H
#define EDGE_ACL_FUNCTIONS_H

#include <memory>
#include <string>

#include <arm_compute/runtime/IFunction.h>
#include <arm_compute/runtime/IMemoryManager.h>
#include <arm_compute/runtime/Tensor.h>

#include "node.h"

namespace edge {

// A configured function with the tensors that it works on: their memory is the arena's and the weights'.
struct Function {
    arm_compute::Tensor source, second, target, weights, bias;
    std::unique_ptr<arm_compute::IFunction> function;
};

// Tell whether the library can run a node: "" if it can, else its reason.
std::string refusal(const edge_acl_node &node);

// Name the algorithm that the library chooses for a node that it can run.
std::string algorithm(const edge_acl_node &node);

// Configure the function of a node. Its own temporary memory comes from `memory`.
std::unique_ptr<Function> configure(const edge_acl_node &node, float *arena, const float *weights,
                                    const std::shared_ptr<arm_compute::IMemoryManager> &memory);

} // namespace edge

#endif

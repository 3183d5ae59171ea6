// probe.cpp - a program that asks Arm Compute Library which nodes it can run.
//
// It reads edge_acl_node structs from its input to the end, and answers each with a line: "ok", or the library's reason
// why it can't. The first line is the library's version.
//
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>

#include <arm_compute/core/Version.h>

#include "functions.h"

extern "C" const edge_acl_operator *const edge_acl_operators[EDGE_ACL_OPS] = {
    &edge_acl_op_gemm,       &edge_acl_op_winograd,     &edge_acl_op_depthwise,
    &edge_acl_op_max_pool,   &edge_acl_op_average_pool, &edge_acl_op_global_average_pool,
    &edge_acl_op_softmax,    &edge_acl_op_add,          &edge_acl_op_mul,
    &edge_acl_op_activation,
};

namespace {

std::string answer(const edge_acl_node &node)
{
    try {
        const std::string reason = node.op < EDGE_ACL_OPS ? edge::refusal(node) : "no such operator";
        return reason.empty() ? "ok" : reason;
    } catch (const std::exception &e) {
        return e.what();
    }
}

} // namespace

int main()
{
    std::printf("%s\n", arm_compute::build_information().c_str());
    edge_acl_node node;
    while (std::fread(&node, sizeof node, 1, stdin) == 1) {
        std::string line = answer(node);
        std::replace(line.begin(), line.end(), '\n', ' ');
        std::printf("%s\n", line.c_str());
    }
    return std::ferror(stdin) || std::fflush(stdout) ? 1 : 0;
}

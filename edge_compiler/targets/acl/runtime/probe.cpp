// probe.cpp - a program that asks Arm Compute Library which nodes it can run.
//
// It reads edge_acl_node structs from its input to the end, and answers each with a line: "ok" and the algorithm, or "no"
// and the library's reason. The first line is the library's version.
//
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>

#include <arm_compute/core/Version.h>

#include "functions.h"

namespace {

std::string answer(const edge_acl_node &node)
{
    try {
        const std::string reason = edge::refusal(node);
        return reason.empty() ? "ok " + edge::algorithm(node) : "no " + reason;
    } catch (const std::exception &e) {
        return std::string("no ") + e.what();
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

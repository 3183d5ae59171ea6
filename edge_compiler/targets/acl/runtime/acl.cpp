// acl.cpp - the back end: an instance's functions of Arm Compute Library, configured at create and run by index.
//
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <vector>

#include <arm_compute/runtime/Allocator.h>
#include <arm_compute/runtime/MemoryManagerOnDemand.h>
#include <arm_compute/runtime/OffsetLifetimeManager.h>
#include <arm_compute/runtime/PoolManager.h>

#include "functions.h"
#include "scheduler.h"

extern "C" {
#include "runtime/backend.h"
}

using namespace arm_compute;

namespace {

// The library keeps some state for the process while it configures functions.
std::mutex configuring;

// The functions of an instance, by step. They take turns in using one piece of temporary memory.
struct State {
    edge_pool *pool;
    Allocator allocator;
    std::shared_ptr<MemoryManagerOnDemand> memory;
    std::vector<std::unique_ptr<edge::Function>> functions;
};

std::unique_ptr<State> configure(const edge_memory &memory, edge_pool *pool)
{
    const std::lock_guard<std::mutex> lock(configuring);
    const edge::UsePool use(pool);
    edge::install_scheduler();
    auto state = std::make_unique<State>();
    state->pool = pool;
    state->memory = std::make_shared<MemoryManagerOnDemand>(std::make_shared<OffsetLifetimeManager>(),
                                                            std::make_shared<PoolManager>());
    for (const edge_acl_node *node = edge_acl_nodes; node < edge_acl_nodes + edge_acl_node_count; node++) {
        if (state->functions.size() <= node->step)
            state->functions.resize(node->step + 1);
        state->functions[node->step] = edge::configure(*node, memory, state->memory);
    }
    state->memory->populate(state->allocator, 1);
    for (const auto &f : state->functions)
        if (f)
            f->function->prepare();
    return state;
}

// Call `action`; if it throws, write why and return false: no exception may cross the C interface.
template <typename Action> bool guard(char *error, size_t capacity, Action action) noexcept
{
    try {
        action();
        return true;
    } catch (const std::exception &e) {
        std::snprintf(error, capacity, "Arm Compute Library failed: %s", e.what());
    } catch (...) {
        std::snprintf(error, capacity, "Arm Compute Library failed without a reason");
    }
    return false;
}

void *create(const edge_memory *memory, edge_pool *pool, char *error, size_t capacity)
{
    std::unique_ptr<State> state;
    if (!guard(error, capacity, [&] { state = configure(*memory, pool); }) && capacity) {
        const size_t length = std::strlen(error);
        std::snprintf(error + length, capacity - length,
                      "; compile the model for this machine: edgec compile MODEL -o OUT.edge");
    }
    return state.release();
}

int run(void *state, uint32_t step, char *error, size_t capacity)
{
    State &s = *static_cast<State *>(state);
    const edge::UsePool use(s.pool);
    return guard(error, capacity, [&] { s.functions[step]->function->run(); });
}

void destroy(void *state) { delete static_cast<State *>(state); }

} // namespace

extern "C" const edge_backend edge_acl_backend = {create, run, destroy};

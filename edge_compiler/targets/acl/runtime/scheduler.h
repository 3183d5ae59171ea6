// scheduler.h - Arm Compute Library's work on the threads of the instance that runs.
//
// SPDX-License-Identifier: Apache-2.0
#ifndef EDGE_ACL_SCHEDULER_H
#define EDGE_ACL_SCHEDULER_H

extern "C" {
#include "runtime/pool.h"
}

namespace edge {

// While it lives, what the library is asked for on this thread runs on the threads of `pool`.
class UsePool {
public:
    explicit UsePool(edge_pool *pool);
    ~UsePool();
    UsePool(const UsePool &) = delete;
    UsePool &operator=(const UsePool &) = delete;

private:
    edge_pool *before;
};

// Make the library use our threads; once for the process. The caller holds the lock of create.
void install_scheduler();

} // namespace edge

#endif

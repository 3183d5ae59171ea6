// scheduler.cpp - Arm Compute Library's work on the threads of the instance that runs.
//
// The library knows one scheduler for the process. Ours looks up the pool that the calling thread has named, so that
// each instance keeps to its own number of threads, and several run side by side.
//
// SPDX-License-Identifier: Apache-2.0
#include "scheduler.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <vector>

#include <arm_compute/core/CPP/ICPPKernel.h>
#include <arm_compute/core/ITensorPack.h>
#include <arm_compute/runtime/IScheduler.h>
#include <arm_compute/runtime/Scheduler.h>

using namespace arm_compute;

namespace edge {
namespace {

thread_local edge_pool *current;

class PoolScheduler final : public IScheduler {
public:
    void set_num_threads(unsigned) override {} // the instance's option `threads` says it

    unsigned num_threads() const override { return current ? edge_pool_threads(current) : 1; }

    void schedule(ICPPKernel *kernel, const Hints &hints) override
    {
        ITensorPack none;
        schedule_common(kernel, hints, kernel->window(), none);
    }

    void schedule_op(ICPPKernel *kernel, const Hints &hints, const Window &window, ITensorPack &tensors) override
    {
        schedule_common(kernel, hints, window, tensors);
    }

protected:
    void run_workloads(std::vector<Workload> &workloads) override
    {
        Job job{workloads, cpu_info(), current, {}, nullptr};
        const unsigned parts = std::min(num_threads(), static_cast<unsigned>(workloads.size()));
        if (current)
            edge_pool_run(current, run_part, &job, parts);
        else
            run_part(&job, 0, 1, 0);
        if (job.failure)
            std::rethrow_exception(job.failure);
    }

private:
    struct Job {
        std::vector<Workload> &workloads;
        CPUInfo &cpu;
        edge_pool *pool;
        std::atomic_flag failed;
        std::exception_ptr failure; // the first one
    };

    // Run each workload whose number is `part` modulo `parts`, as thread `part`, whichever of the pool's it is: the
    // library counts on workload i being run by its thread i, and lets a thread have its own memory.
    //
    // An exception must not leave this function: the pool is C.
    static void run_part(void *context, unsigned part, unsigned parts, unsigned) noexcept
    {
        Job &job = *static_cast<Job *>(context);
        const UsePool use(job.pool);
        ThreadInfo info;
        info.cpu_info = &job.cpu;
        info.num_threads = job.pool ? static_cast<int>(edge_pool_threads(job.pool)) : 1;
        info.thread_id = static_cast<int>(part);
        try {
            for (size_t i = part; i < job.workloads.size(); i += parts) job.workloads[i](info);
        } catch (...) {
            if (!job.failed.test_and_set())
                job.failure = std::current_exception();
        }
    }
};

} // namespace

UsePool::UsePool(edge_pool *pool) : before(current) { current = pool; }

UsePool::~UsePool() { current = before; }

void install_scheduler()
{
    if (Scheduler::get_type() != Scheduler::Type::CUSTOM)
        Scheduler::set(std::make_shared<PoolScheduler>());
}

} // namespace edge

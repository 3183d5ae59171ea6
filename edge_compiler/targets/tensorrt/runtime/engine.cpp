// engine.cpp - the back end: the first step runs the whole network on the device, and each brings one output from there.
//
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "memory.h"
#include "network.h"

extern "C" {
#include "runtime/backend.h"
}

using namespace nvinfer1;

namespace {

using edge::Failure;

// What is destroyed last is declared first.
struct State {
    unsigned char *arena;
    edge::Cuda cuda;
    edge::TensorRT tensorrt{cuda};
    edge::Log log;
    std::unique_ptr<IRuntime> runtime;
    std::unique_ptr<ICudaEngine> engine;
    edge::Stream stream{cuda};
    std::vector<std::unique_ptr<edge::Memory>> inputs, outputs;
    std::unique_ptr<IExecutionContext> context;

    explicit State(unsigned char *memory) : arena(memory) {}
};

edge_element element_of(DataType type)
{
    switch (type) {
    case DataType::kFLOAT: return EDGE_FLOAT32;
    case DataType::kHALF: return EDGE_FLOAT16;
    case DataType::kINT8: return EDGE_INT8;
    case DataType::kINT32: return EDGE_INT32;
    case DataType::kINT64: return EDGE_INT64;
    case DataType::kUINT8: return EDGE_UINT8;
    case DataType::kBOOL: return EDGE_BOOL;
    default: return static_cast<edge_element>(0); // no tensor of ours has it
    }
}

bool fits(const ICudaEngine &engine, const edge_tensorrt_tensor &tensor, TensorIOMode mode)
{
    const Dims shape = engine.getTensorShape(tensor.name);
    bool same = engine.getTensorIOMode(tensor.name) == mode && shape.nbDims == tensor.rank;
    for (int32_t i = 0; same && i < tensor.rank; i++) same = shape.d[i] == tensor.shape[i];
    return same && element_of(engine.getTensorDataType(tensor.name)) == tensor.element;
}

// Give each tensor its memory; an engine of another network ends here.
void bind(State &state, const edge_tensorrt_tensor *tensors, uint32_t count, TensorIOMode mode,
          std::vector<std::unique_ptr<edge::Memory>> &memories)
{
    for (const edge_tensorrt_tensor *tensor = tensors; tensor < tensors + count; tensor++) {
        if (!fits(*state.engine, *tensor, mode))
            throw Failure(std::string("the engine is of another model: it has not the tensor '") + tensor->name +
                          "' of that shape and type; run edgec finish --again");
        memories.push_back(std::make_unique<edge::Memory>(state.cuda, tensor->bytes));
        if (!state.context->setTensorAddress(tensor->name, memories.back()->get()))
            throw Failure("TensorRT refused the memory of a tensor: " + state.log.last());
    }
}

std::unique_ptr<State> open(const edge_memory &memory)
{
    auto state = std::make_unique<State>(memory.arena);
    state->runtime.reset(state->tensorrt.create_runtime(state->log));
    if (!state->runtime)
        throw Failure("TensorRT did not start: " + state->log.last());
    const size_t bytes = static_cast<size_t>(edge_tensorrt_engine_end - edge_tensorrt_engine);
    state->engine.reset(state->runtime->deserializeCudaEngine(edge_tensorrt_engine, bytes));
    if (!state->engine)
        throw Failure("TensorRT refused the engine: " + state->log.last() + "; run edgec finish --again");
    const uint32_t tensors = edge_tensorrt_input_count + edge_tensorrt_output_count;
    if (state->engine->getNbIOTensors() != static_cast<int32_t>(tensors))
        throw Failure("the engine is of another model: it has not as many tensors; run edgec finish --again");
    state->context.reset(state->engine->createExecutionContext());
    if (!state->context)
        throw Failure("TensorRT has no memory to run the engine: " + state->log.last() +
                      "; end other programs that use the device");
    bind(*state, edge_tensorrt_inputs, edge_tensorrt_input_count, TensorIOMode::kINPUT, state->inputs);
    bind(*state, edge_tensorrt_outputs, edge_tensorrt_output_count, TensorIOMode::kOUTPUT, state->outputs);
    return state;
}

void run_network(State &state)
{
    for (uint32_t i = 0; i < edge_tensorrt_input_count; i++)
        state.inputs[i]->upload(state.arena + edge_tensorrt_inputs[i].offset, state.stream);
    if (!state.context->enqueueV3(state.stream.get()))
        throw Failure("TensorRT did not run the network: " + state.log.last());
    state.stream.wait();
}

void run_step(State &state, uint32_t step)
{
    if (step == 0)
        run_network(state);
    state.outputs[step]->download(state.arena + edge_tensorrt_outputs[step].offset, state.stream);
    state.stream.wait();
}

// Call `action`; if it throws, write why and return false: no exception may cross the C interface.
template <typename Action> bool guard(char *error, size_t capacity, Action action) noexcept
{
    try {
        action();
        return true;
    } catch (const std::bad_alloc &) {
        std::snprintf(error, capacity, "no memory for TensorRT");
    } catch (const std::exception &failure) {
        std::snprintf(error, capacity, "%s", failure.what());
    }
    return false;
}

} // namespace

extern "C" {

static void *create(const edge_memory *memory, edge_pool *, char *error, size_t capacity)
{
    std::unique_ptr<State> state;
    guard(error, capacity, [&] { state = open(*memory); });
    return state.release();
}

static int run(void *state, uint32_t step, char *error, size_t capacity)
{
    return guard(error, capacity, [&] { run_step(*static_cast<State *>(state), step); });
}

static void destroy(void *state) { delete static_cast<State *>(state); }

extern const edge_backend edge_tensorrt_backend;
const edge_backend edge_tensorrt_backend = {create, run, destroy};

} // extern "C"

// build_engine.cpp - from the network in ONNX to an engine for this device: build_engine network.onnx engine.plan
//
// Standard output has a line for each step, "progress <done> <of> <phase>", standard error one sentence if it fails.
//
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>

#include <NvOnnxParser.h>

#include "libraries.h"

using namespace nvinfer1;

namespace {

using edge::Failure;

class Progress : public IProgressMonitor {
public:
    void phaseStart(const char *phase, const char *, int32_t steps) noexcept override { report(phase, 0, steps); }
    bool stepComplete(const char *phase, int32_t step) noexcept override
    {
        report(phase, step + 1, steps_of(phase));
        return true;
    }
    void phaseFinish(const char *phase) noexcept override { report(phase, steps_of(phase), steps_of(phase)); }

private:
    int32_t steps_of(const char *phase) noexcept
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        return steps_[phase];
    }
    void report(const char *phase, int32_t done, int32_t of) noexcept
    {
        const std::lock_guard<std::mutex> lock(mutex_); // TensorRT builds with several threads
        steps_[phase] = of;
        std::printf("progress %d %d %s\n", done, of, phase);
        std::fflush(stdout);
    }
    std::mutex mutex_;
    std::map<std::string, int32_t> steps_;
};

NetworkDefinitionCreationFlags strongly_typed()
{
#if NV_TENSORRT_MAJOR < 11
    return 1u << static_cast<uint32_t>(NetworkDefinitionCreationFlag::kSTRONGLY_TYPED);
#else
    return 0; // every network is
#endif
}

std::unique_ptr<nvonnxparser::IParser> parse(INetworkDefinition &network, edge::Log &log, const char *path)
{
    static const edge::Shared library(edge::library_name("libnvonnxparser", NV_TENSORRT_MAJOR),
                                      "install TensorRT's parser of ONNX");
    const auto create = library.find<void *(*)(void *, void *, int)>("createNvOnnxParser_INTERNAL");
    std::unique_ptr<nvonnxparser::IParser> parser(
        static_cast<nvonnxparser::IParser *>(create(&network, &log, NV_ONNX_PARSER_VERSION)));
    if (!parser)
        throw Failure("TensorRT's parser did not start: " + log.last());
    if (parser->parseFromFile(path, static_cast<int>(ILogger::Severity::kERROR)))
        return parser;
    if (parser->getNbErrors() < 1)
        throw Failure("TensorRT refused the network: " + log.last());
    const nvonnxparser::IParserError *error = parser->getError(0);
    throw Failure(std::string("TensorRT refused the node '") + error->nodeName() + "': " + error->desc());
}

void build(const char *source, const char *target)
{
    const edge::Cuda cuda;
    const edge::TensorRT tensorrt(cuda);
    edge::Log log;
    Progress progress;
    const std::unique_ptr<IBuilder> builder(tensorrt.create_builder(log));
    if (!builder)
        throw Failure("TensorRT did not start: " + log.last());
    const std::unique_ptr<INetworkDefinition> network(builder->createNetworkV2(strongly_typed()));
    const std::unique_ptr<nvonnxparser::IParser> parser = parse(*network, log, source);
    const std::unique_ptr<IBuilderConfig> config(builder->createBuilderConfig());
    config->clearFlag(BuilderFlag::kTF32); // float32 is float32
    config->setProgressMonitor(&progress);
    const std::unique_ptr<IHostMemory> plan(builder->buildSerializedNetwork(*network, *config));
    if (!plan)
        throw Failure("TensorRT built no engine: " + log.last());
    std::ofstream file(target, std::ios::binary);
    file.write(static_cast<const char *>(plan->data()), static_cast<std::streamsize>(plan->size()));
    if (!file.flush())
        throw Failure(std::string(target) + " can't be written; is the disk full?");
}

} // namespace

int main(int count, char **arguments)
{
    if (count != 3) {
        std::fprintf(stderr, "usage: build_engine network.onnx engine.plan\n");
        return 2;
    }
    try {
        std::printf("version %s\n", edge::tensorrt_version);
        build(arguments[1], arguments[2]);
    } catch (const std::exception &failure) {
        std::fprintf(stderr, "%s\n", failure.what());
        return 1;
    }
    return 0;
}

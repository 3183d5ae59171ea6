// nvinfer.cpp - an imitation of TensorRT and its parser, for a network x -> y = Relu(x), z = -x of FAKE_ELEMENTS floats.
//
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <map>
#include <string>

#include "NvOnnxParser.h"
#include "fault.h"

using namespace nvinfer1;

namespace {

constexpr char plan[] = "an engine";
ILogger *logger;

void complain(const char *text) { logger->log(ILogger::Severity::kERROR, text); }

int64_t elements() { return std::atoi(std::getenv("FAKE_ELEMENTS")); }

class Context : public IExecutionContext {
public:
    bool setTensorAddress(const char *name, void *data) noexcept override
    {
        memory_[name] = static_cast<float *>(data);
        return true;
    }
    bool enqueueV3(cudaStream_t) noexcept override
    {
        for (int64_t i = 0; i < elements(); i++) {
            const float x = memory_["x"][i];
            memory_["y"][i] = std::fmax(x, 0.0f) + (fault("wrong result") ? 1.0f : 0.0f);
            memory_["z"][i] = -x;
        }
        if (fault("run"))
            complain("illegal memory access");
        return !fault("run");
    }

private:
    std::map<std::string, float *> memory_;
};

class Engine : public ICudaEngine {
public:
    int32_t getNbIOTensors() const noexcept override { return fault("fewer tensors") ? 2 : 3; }
    Dims getTensorShape(const char *) const noexcept override
    {
        return {2, {1, elements() + (fault("other shape") ? 1 : 0)}};
    }
    TensorIOMode getTensorIOMode(const char *name) const noexcept override
    {
        return *name == 'x' ? TensorIOMode::kINPUT : TensorIOMode::kOUTPUT;
    }
    DataType getTensorDataType(const char *) const noexcept override
    {
        return fault("other type") ? DataType::kHALF : DataType::kFLOAT;
    }
    IExecutionContext *createExecutionContext() noexcept override
    {
        if (!fault("no context"))
            return new Context;
        complain("out of device memory");
        return nullptr;
    }
};

class Runtime : public IRuntime {
public:
    ICudaEngine *deserializeCudaEngine(const void *given, size_t bytes) noexcept override
    {
        if (!fault("old engine") && std::string(static_cast<const char *>(given), bytes) == plan)
            return new Engine;
        complain("the engine plan file is not compatible with this version of TensorRT");
        return nullptr;
    }
};

class Plan : public IHostMemory {
public:
    const void *data() const noexcept override { return plan; }
    size_t size() const noexcept override { return sizeof plan - 1; }
};

class Config : public IBuilderConfig {
public:
    void clearFlag(BuilderFlag) noexcept override {}
    void setProgressMonitor(IProgressMonitor *monitor) noexcept override { this->monitor = monitor; }
    IProgressMonitor *monitor = nullptr;
};

class Builder : public IBuilder {
public:
    INetworkDefinition *createNetworkV2(NetworkDefinitionCreationFlags flags) noexcept override
    {
        return flags == 2 ? new INetworkDefinition : nullptr; // strongly typed
    }
    IBuilderConfig *createBuilderConfig() noexcept override { return new Config; }
    IHostMemory *buildSerializedNetwork(INetworkDefinition &, IBuilderConfig &config) noexcept override
    {
        IProgressMonitor *monitor = static_cast<Config &>(config).monitor;
        monitor->phaseStart("Timing tactics", nullptr, 2);
        monitor->stepComplete("Timing tactics", 0);
        if (fault("no engine")) {
            complain("could not find any implementation for node x");
            return nullptr;
        }
        monitor->phaseFinish("Timing tactics");
        return new Plan;
    }
};

class Error : public nvonnxparser::IParserError {
public:
    const char *desc() const override { return "no importer for it"; }
    const char *nodeName() const override { return "y"; }
};

class Parser : public nvonnxparser::IParser {
public:
    bool parseFromFile(const char *, int) override { return !fault("parser"); }
    int32_t getNbErrors() const override { return fault("parser"); }
    const nvonnxparser::IParserError *getError(int32_t) const override { return &error_; }

private:
    Error error_;
};

} // namespace

extern "C" {

int32_t getInferLibVersion() noexcept { return fault("other version") ? 100900 : NV_TENSORRT_VERSION; }

void *createInferRuntime_INTERNAL(void *log, int32_t) noexcept
{
    logger = static_cast<ILogger *>(log);
    return new Runtime;
}

void *createInferBuilder_INTERNAL(void *log, int32_t) noexcept
{
    logger = static_cast<ILogger *>(log);
    return new Builder;
}

void *createNvOnnxParser_INTERNAL(void *, void *, int) noexcept { return new Parser; }

} // extern "C"

// functions.cpp - a node of the table as a function of Arm Compute Library.
//
// SPDX-License-Identifier: Apache-2.0
#include "functions.h"

#include <arm_compute/core/Types.h>
#include <arm_compute/function_info/ActivationLayerInfo.h>
#include <arm_compute/runtime/NEON/NEFunctions.h>

using namespace arm_compute;

namespace edge {
namespace {

TensorInfo vector_info(size_t length)
{
    return TensorInfo(TensorShape(length), 1, DataType::F32);
}

// A value in the arena; its pixels may lie further apart than its channels need.
TensorInfo image_info(const edge_acl_image &image)
{
    constexpr size_t element = sizeof(float);
    const size_t pixel = image.pixel * element, row = pixel * image.width, all = row * image.height;
    TensorInfo info;
    info.init(TensorShape(image.channels, image.width, image.height), 1, DataType::F32,
              Strides(element, pixel, row, all), 0, all);
    info.set_data_layout(DataLayout::NHWC);
    return info;
}

// Weights in the order that the library reads: the input's channels first, then columns, rows, outputs.
TensorInfo weights_info(const edge_acl_node &node)
{
    const size_t in = node.source.channels, out = node.target.channels;
    TensorShape shape;
    switch (node.op) {
    case EDGE_ACL_CONV:
        shape = TensorShape(in / node.groups, node.kernel_w, node.kernel_h, out);
        break;
    case EDGE_ACL_DEPTHWISE:
        shape = TensorShape(out, node.kernel_w, node.kernel_h);
        break;
    case EDGE_ACL_FULLY_CONNECTED:
        shape = TensorShape(out, in);
        break;
    default:
        break;
    }
    TensorInfo info(shape, 1, DataType::F32);
    if (node.op != EDGE_ACL_FULLY_CONNECTED)
        info.set_data_layout(DataLayout::NHWC);
    return info;
}

// What the library is told of a node's tensors.
struct Infos {
    explicit Infos(const edge_acl_node &node)
        : source(image_info(node.source)), second(image_info(node.second)), target(image_info(node.target)),
          weights(weights_info(node)), bias(vector_info(node.target.channels)), has_bias(node.bias != EDGE_ACL_NONE)
    {
        if (node.op == EDGE_ACL_FULLY_CONNECTED) {
            source = vector_info(node.source.channels);
            target = vector_info(node.target.channels);
        }
    }

    const TensorInfo *bias_or_null() const
    {
        return has_bias ? &bias : nullptr;
    }

    TensorInfo source, second, target, weights, bias;
    bool has_bias;
};

ActivationLayerInfo activation(const edge_acl_node &node)
{
    using Kind = ActivationLayerInfo::ActivationFunction;
    switch (node.activation) {
    case EDGE_ACL_RELU:
        return {Kind::RELU};
    case EDGE_ACL_CLIP:
        return node.a == 0 ? ActivationLayerInfo(Kind::BOUNDED_RELU, node.b)
                           : ActivationLayerInfo(Kind::LU_BOUNDED_RELU, node.b, node.a);
    case EDGE_ACL_LEAKY_RELU:
        return {Kind::LEAKY_RELU, node.a};
    case EDGE_ACL_SIGMOID:
        return {Kind::LOGISTIC};
    case EDGE_ACL_SILU:
        return {Kind::SWISH, 1.0f};
    case EDGE_ACL_TANH:
        return {Kind::TANH, 1.0f, 1.0f};
    case EDGE_ACL_HARD_SWISH:
        return {Kind::HARD_SWISH};
    default:
        return {};
    }
}

PadStrideInfo geometry(const edge_acl_node &node)
{
    return {node.stride_w,  node.stride_h,   node.pad_left,
            node.pad_right, node.pad_top,    node.pad_bottom, DimensionRoundingType::FLOOR};
}

Size2D dilation(const edge_acl_node &node)
{
    return {node.dilation_w, node.dilation_h};
}

PoolingLayerInfo pooling(const edge_acl_node &node)
{
    const PoolingType type = node.op == EDGE_ACL_MAX_POOL ? PoolingType::MAX : PoolingType::AVG;
    if (node.op == EDGE_ACL_GLOBAL_AVERAGE_POOL)
        return PoolingLayerInfo(type, DataLayout::NHWC);
    return PoolingLayerInfo(type, Size2D(node.kernel_w, node.kernel_h), DataLayout::NHWC, geometry(node),
                            node.count_padding == 0);
}

// The matrix comes as the library wants it: nothing to transpose.
FullyConnectedLayerInfo fully_connected(const edge_acl_node &node)
{
    FullyConnectedLayerInfo info;
    info.transpose_weights = false;
    info.activation_info = activation(node);
    return info;
}

Status validate(const edge_acl_node &node)
{
    const Infos i(node);
    switch (node.op) {
    case EDGE_ACL_CONV:
        return NEConvolutionLayer::validate(&i.source, &i.weights, i.bias_or_null(), &i.target, geometry(node),
                                            WeightsInfo(), dilation(node), activation(node), false, node.groups);
    case EDGE_ACL_DEPTHWISE:
        return NEDepthwiseConvolutionLayer::validate(&i.source, &i.weights, i.bias_or_null(), &i.target, geometry(node),
                                                     1, activation(node), dilation(node));
    case EDGE_ACL_FULLY_CONNECTED:
        return NEFullyConnectedLayer::validate(&i.source, &i.weights, i.bias_or_null(), &i.target,
                                               fully_connected(node));
    case EDGE_ACL_MAX_POOL:
    case EDGE_ACL_AVERAGE_POOL:
    case EDGE_ACL_GLOBAL_AVERAGE_POOL:
        return NEPoolingLayer::validate(&i.source, &i.target, pooling(node));
    case EDGE_ACL_SOFTMAX:
        return NESoftmaxLayer::validate(&i.source, &i.target);
    case EDGE_ACL_ADD:
        return NEArithmeticAddition::validate(&i.source, &i.second, &i.target, ConvertPolicy::SATURATE,
                                              activation(node));
    case EDGE_ACL_MUL:
        return NEPixelWiseMultiplication::validate(&i.source, &i.second, &i.target, 1.0f, ConvertPolicy::SATURATE,
                                                   RoundingPolicy::TO_ZERO, activation(node));
    case EDGE_ACL_ACTIVATION:
        return NEActivationLayer::validate(&i.source, &i.target, activation(node));
    default:
        return Status(ErrorCode::RUNTIME_ERROR, "no such operator");
    }
}

using Memory = std::shared_ptr<IMemoryManager>;

std::unique_ptr<IFunction> make_convolution(const edge_acl_node &node, Function &f, const ITensor *bias,
                                            const Memory &memory)
{
    auto made = std::make_unique<NEConvolutionLayer>(memory);
    made->configure(&f.source, &f.weights, bias, &f.target, geometry(node), WeightsInfo(), dilation(node),
                    activation(node), false, node.groups);
    return made;
}

std::unique_ptr<IFunction> make_depthwise(const edge_acl_node &node, Function &f, const ITensor *bias,
                                          const Memory &memory)
{
    auto made = std::make_unique<NEDepthwiseConvolutionLayer>(memory);
    made->configure(&f.source, &f.weights, bias, &f.target, geometry(node), 1, activation(node), dilation(node));
    return made;
}

std::unique_ptr<IFunction> make_fully_connected(const edge_acl_node &node, Function &f, const ITensor *bias,
                                                const Memory &memory)
{
    auto made = std::make_unique<NEFullyConnectedLayer>(memory);
    made->configure(&f.source, &f.weights, bias, &f.target, fully_connected(node));
    return made;
}

std::unique_ptr<IFunction> make_pool(const edge_acl_node &node, Function &f, const Memory &memory)
{
    auto made = std::make_unique<NEPoolingLayer>(memory);
    made->configure(&f.source, &f.target, pooling(node));
    return made;
}

std::unique_ptr<IFunction> make_softmax(Function &f, const Memory &memory)
{
    auto made = std::make_unique<NESoftmaxLayer>(memory);
    made->configure(&f.source, &f.target);
    return made;
}

std::unique_ptr<IFunction> make_add(const edge_acl_node &node, Function &f)
{
    auto made = std::make_unique<NEArithmeticAddition>();
    made->configure(&f.source, &f.second, &f.target, ConvertPolicy::SATURATE, activation(node));
    return made;
}

std::unique_ptr<IFunction> make_product(const edge_acl_node &node, Function &f)
{
    auto made = std::make_unique<NEPixelWiseMultiplication>();
    made->configure(&f.source, &f.second, &f.target, 1.0f, ConvertPolicy::SATURATE, RoundingPolicy::TO_ZERO,
                    activation(node));
    return made;
}

std::unique_ptr<IFunction> make_activation(const edge_acl_node &node, Function &f)
{
    auto made = std::make_unique<NEActivationLayer>();
    made->configure(&f.source, &f.target, activation(node));
    return made;
}

std::unique_ptr<IFunction> make(const edge_acl_node &node, Function &f, const Memory &memory)
{
    const ITensor *bias = node.bias == EDGE_ACL_NONE ? nullptr : &f.bias;
    switch (node.op) {
    case EDGE_ACL_CONV:
        return make_convolution(node, f, bias, memory);
    case EDGE_ACL_DEPTHWISE:
        return make_depthwise(node, f, bias, memory);
    case EDGE_ACL_FULLY_CONNECTED:
        return make_fully_connected(node, f, bias, memory);
    case EDGE_ACL_MAX_POOL:
    case EDGE_ACL_AVERAGE_POOL:
    case EDGE_ACL_GLOBAL_AVERAGE_POOL:
        return make_pool(node, f, memory);
    case EDGE_ACL_SOFTMAX:
        return make_softmax(f, memory);
    case EDGE_ACL_ADD:
        return make_add(node, f);
    case EDGE_ACL_MUL:
        return make_product(node, f);
    default:
        return make_activation(node, f);
    }
}

// Let a tensor be what lies at `data`. The library takes no pointer to constants, but writes none of its inputs.
void import(Tensor &tensor, const TensorInfo &info, const float *data)
{
    tensor.allocator()->init(info);
    const Status status = tensor.allocator()->import_memory(const_cast<float *>(data));
    if (!bool(status))
        status.throw_if_error();
}

} // namespace

std::string refusal(const edge_acl_node &node)
{
    const Status status = validate(node);
    return bool(status) ? "" : status.error_description();
}

std::string algorithm(const edge_acl_node &node)
{
    if (node.op != EDGE_ACL_CONV)
        return "";
    const Infos i(node);
    switch (NEConvolutionLayer::get_convolution_method(&i.source, &i.weights, &i.target, geometry(node), WeightsInfo(),
                                                       dilation(node), activation(node))) {
    case ConvolutionMethod::WINOGRAD:
        return "Winograd";
    case ConvolutionMethod::GEMM:
        return "GEMM";
    case ConvolutionMethod::GEMM_CONV2D:
        return "indirect GEMM";
    case ConvolutionMethod::DIRECT:
        return "direct";
    default:
        return "FFT";
    }
}

std::unique_ptr<Function> configure(const edge_acl_node &node, float *arena, const float *weights, const Memory &memory)
{
    auto f = std::make_unique<Function>();
    const Infos infos(node);
    import(f->source, infos.source, arena + node.source.offset);
    if (node.second.channels)
        import(f->second, infos.second, arena + node.second.offset);
    import(f->target, infos.target, arena + node.target.offset);
    if (node.weights != EDGE_ACL_NONE)
        import(f->weights, infos.weights, weights + node.weights);
    if (node.bias != EDGE_ACL_NONE)
        import(f->bias, infos.bias, weights + node.bias);
    f->function = make(node, *f, memory);
    return f;
}

} // namespace edge

// operators.cpp - each operator's function of Arm Compute Library: how it is validated and configured.
//
// SPDX-License-Identifier: Apache-2.0
#include <arm_compute/core/Types.h>
#include <arm_compute/function_info/ActivationLayerInfo.h>
#include <arm_compute/runtime/NEON/functions/NEActivationLayer.h>
#include <arm_compute/runtime/NEON/functions/NEArithmeticAddition.h>
#include <arm_compute/runtime/NEON/functions/NEDepthwiseConvolutionLayer.h>
#include <arm_compute/runtime/NEON/functions/NEGEMMConvolutionLayer.h>
#include <arm_compute/runtime/NEON/functions/NEPixelWiseMultiplication.h>
#include <arm_compute/runtime/NEON/functions/NEPoolingLayer.h>
#include <arm_compute/runtime/NEON/functions/NESoftmaxLayer.h>
#include <arm_compute/runtime/NEON/functions/NEWinogradConvolutionLayer.h>

#include "functions.h"

using namespace arm_compute;
using edge::Function;
using edge::Infos;
using edge::MemoryManager;

namespace {

using Node = edge_acl_node;
using Made = std::unique_ptr<IFunction>;

constexpr bool fast_math = false; // it would compute in half precision where the processor can
constexpr auto saturate = ConvertPolicy::SATURATE;
constexpr auto to_zero = RoundingPolicy::TO_ZERO;

ActivationLayerInfo activation(const Node &node)
{
    using Kind = ActivationLayerInfo::ActivationFunction;
    switch (node.activation) {
    case EDGE_ACL_RELU: return {Kind::RELU};
    case EDGE_ACL_CLIP:
        return node.a == 0 ? ActivationLayerInfo(Kind::BOUNDED_RELU, node.b)
                           : ActivationLayerInfo(Kind::LU_BOUNDED_RELU, node.b, node.a);
    case EDGE_ACL_LEAKY_RELU: return {Kind::LEAKY_RELU, node.a};
    case EDGE_ACL_SIGMOID: return {Kind::LOGISTIC};
    case EDGE_ACL_SILU: return {Kind::SWISH, 1.0f};
    case EDGE_ACL_TANH: return {Kind::TANH, 1.0f, 1.0f};
    case EDGE_ACL_HARD_SWISH: return {Kind::HARD_SWISH};
    default: return {};
    }
}

PadStrideInfo geometry(const Node &n)
{
    const auto rounding = DimensionRoundingType::FLOOR;
    return {n.stride_w, n.stride_h, n.pad_left, n.pad_right, n.pad_top, n.pad_bottom, rounding};
}

Size2D dilation(const Node &node) { return {node.dilation_w, node.dilation_h}; }

PoolingLayerInfo pooling(const Node &node, PoolingType type)
{
    const bool exclude_padding = node.count_padding == 0;
    return PoolingLayerInfo(type, Size2D(node.kernel_w, node.kernel_h), DataLayout::NHWC, geometry(node),
                            exclude_padding);
}

template <PoolingType type> Status validate_pooling(const Node &node, const Infos &i)
{
    return NEPoolingLayer::validate(&i.source, &i.target, pooling(node, type));
}

template <PoolingType type> Made configure_pooling(const Node &node, Function &f, const MemoryManager &memory)
{
    auto made = std::make_unique<NEPoolingLayer>(memory);
    made->configure(&f.source, &f.target, pooling(node, type));
    return made;
}

PoolingLayerInfo global_average() { return PoolingLayerInfo(PoolingType::AVG, DataLayout::NHWC); }

} // namespace

extern "C" {

const edge_acl_operator edge_acl_op_gemm = {
    [](const Node &node, const Infos &i) {
        return NEGEMMConvolutionLayer::validate(&i.source, &i.weights, i.bias_or_null(), &i.target, geometry(node),
                                                WeightsInfo(), dilation(node), activation(node), fast_math,
                                                node.groups);
    },
    [](const Node &node, Function &f, const MemoryManager &memory) -> Made {
        auto made = std::make_unique<NEGEMMConvolutionLayer>(memory);
        made->configure(&f.source, &f.weights, f.bias_or_null(), &f.target, geometry(node), WeightsInfo(),
                        dilation(node), activation(node), fast_math, node.groups);
        return made;
    },
};

const edge_acl_operator edge_acl_op_winograd = {
    [](const Node &node, const Infos &i) {
        return NEWinogradConvolutionLayer::validate(&i.source, &i.weights, i.bias_or_null(), &i.target, geometry(node),
                                                    activation(node), fast_math);
    },
    [](const Node &node, Function &f, const MemoryManager &memory) -> Made {
        auto made = std::make_unique<NEWinogradConvolutionLayer>(memory);
        made->configure(&f.source, &f.weights, f.bias_or_null(), &f.target, geometry(node), activation(node),
                        fast_math);
        return made;
    },
};

const edge_acl_operator edge_acl_op_depthwise = {
    [](const Node &node, const Infos &i) {
        return NEDepthwiseConvolutionLayer::validate(&i.source, &i.weights, i.bias_or_null(), &i.target, geometry(node),
                                                     1, activation(node), dilation(node));
    },
    [](const Node &node, Function &f, const MemoryManager &memory) -> Made {
        auto made = std::make_unique<NEDepthwiseConvolutionLayer>(memory);
        made->configure(&f.source, &f.weights, f.bias_or_null(), &f.target, geometry(node), 1, activation(node),
                        dilation(node));
        return made;
    },
};

const edge_acl_operator edge_acl_op_max_pool = {validate_pooling<PoolingType::MAX>,
                                                configure_pooling<PoolingType::MAX>};

const edge_acl_operator edge_acl_op_average_pool = {validate_pooling<PoolingType::AVG>,
                                                    configure_pooling<PoolingType::AVG>};

const edge_acl_operator edge_acl_op_global_average_pool = {
    [](const Node &, const Infos &i) { return NEPoolingLayer::validate(&i.source, &i.target, global_average()); },
    [](const Node &, Function &f, const MemoryManager &memory) -> Made {
        auto made = std::make_unique<NEPoolingLayer>(memory);
        made->configure(&f.source, &f.target, global_average());
        return made;
    },
};

const edge_acl_operator edge_acl_op_softmax = {
    [](const Node &, const Infos &i) { return NESoftmaxLayer::validate(&i.source, &i.target); },
    [](const Node &, Function &f, const MemoryManager &memory) -> Made {
        auto made = std::make_unique<NESoftmaxLayer>(memory);
        made->configure(&f.source, &f.target);
        return made;
    },
};

const edge_acl_operator edge_acl_op_add = {
    [](const Node &node, const Infos &i) {
        return NEArithmeticAddition::validate(&i.source, &i.second, &i.target, saturate, activation(node));
    },
    [](const Node &node, Function &f, const MemoryManager &) -> Made {
        auto made = std::make_unique<NEArithmeticAddition>();
        made->configure(&f.source, &f.second, &f.target, saturate, activation(node));
        return made;
    },
};

const edge_acl_operator edge_acl_op_mul = {
    [](const Node &node, const Infos &i) {
        return NEPixelWiseMultiplication::validate(&i.source, &i.second, &i.target, 1.0f, saturate, to_zero,
                                                   activation(node));
    },
    [](const Node &node, Function &f, const MemoryManager &) -> Made {
        auto made = std::make_unique<NEPixelWiseMultiplication>();
        made->configure(&f.source, &f.second, &f.target, 1.0f, saturate, to_zero, activation(node));
        return made;
    },
};

const edge_acl_operator edge_acl_op_activation = {
    [](const Node &node, const Infos &i) {
        return NEActivationLayer::validate(&i.source, &i.target, activation(node));
    },
    [](const Node &node, Function &f, const MemoryManager &) -> Made {
        auto made = std::make_unique<NEActivationLayer>();
        made->configure(&f.source, &f.target, activation(node));
        return made;
    },
};
}

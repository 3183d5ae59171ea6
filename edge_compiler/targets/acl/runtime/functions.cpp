// functions.cpp - a node of the table as a function of Arm Compute Library.
//
// SPDX-License-Identifier: Apache-2.0
#include "functions.h"

using namespace arm_compute;

namespace edge {
namespace {

// A value in the arena. Where its pixels lie further apart than its channels need, the library takes what is between
// them for padding: some of its kernels look at the padding instead of the strides.
TensorInfo image_info(const edge_acl_image &image)
{
    TensorInfo info(TensorShape(image.channels, image.width, image.height), 1, DataType::F32);
    info.set_data_layout(DataLayout::NHWC);
    if (image.pixel > image.channels)
        info.extend_padding(PaddingSize(0, image.pixel - image.channels, 0, 0));
    return info;
}

// Weights in the order that the library reads: the input's channels first, then columns, rows, outputs.
TensorInfo weights_info(const edge_acl_node &node)
{
    const TensorShape shape =
        node.op == EDGE_ACL_DEPTHWISE
            ? TensorShape(node.target.channels, node.kernel_w, node.kernel_h)
            : TensorShape(node.source.channels / node.groups, node.kernel_w, node.kernel_h, node.target.channels);
    TensorInfo info(shape, 1, DataType::F32);
    info.set_data_layout(DataLayout::NHWC);
    return info;
}

void check(const Status &status)
{
    if (!bool(status))
        status.throw_if_error();
}

// Let a tensor be what lies at `data`. The library takes no pointer to constants, but writes none of its inputs.
void import(Tensor &tensor, const TensorInfo &info, const unsigned char *data)
{
    tensor.allocator()->init(info);
    check(tensor.allocator()->import_memory(const_cast<unsigned char *>(data)));
}

} // namespace

Infos::Infos(const edge_acl_node &node)
    : source(image_info(node.source)), second(image_info(node.second)), target(image_info(node.target)),
      weights(weights_info(node)), bias(TensorShape(node.target.channels), 1, DataType::F32),
      has_bias(node.bias != EDGE_ACL_NONE)
{
}

std::string refusal(const edge_acl_node &node)
{
    const Status status = edge_acl_operators[node.op]->validate(node, Infos(node));
    return bool(status) ? "" : status.error_description();
}

std::unique_ptr<Function> configure(const edge_acl_node &node, const edge_memory &memory, const MemoryManager &own)
{
    const edge_acl_operator &op = *edge_acl_operators[node.op];
    const Infos infos(node);
    check(op.validate(node, infos)); // Debian's build of the library does not do so by itself
    auto f = std::make_unique<Function>();
    import(f->source, infos.source, memory.arena + node.source.offset);
    if (node.second.channels)
        import(f->second, infos.second, memory.arena + node.second.offset);
    import(f->target, infos.target, memory.arena + node.target.offset);
    if (node.weights != EDGE_ACL_NONE)
        import(f->weights, infos.weights, memory.originals + node.weights);
    if (node.bias != EDGE_ACL_NONE)
        import(f->bias, infos.bias, memory.weights + node.bias);
    f->function = op.configure(node, *f, own);
    return f;
}

} // namespace edge

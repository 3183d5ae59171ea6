"""RoiAlign."""

from __future__ import annotations

from edge_compiler.ir.graph import Node
from edge_compiler.targets.c.rules.table import FLOATS, lowers
from edge_compiler.targets.program.calls import Call, Field, reading, writing
from edge_compiler.targets.program.data import Data
from edge_compiler.targets.program.layout import BLOCKED, DENSE
from edge_compiler.targets.program.limits import require, require_sides, require_type
from edge_compiler.targets.program.lowering import Lowering


def check_roi_align(node: Node) -> str | None:
    """Means of the bins of regions; maxima are not, as ONNX Runtime's are others than ONNX's."""
    return (
        require_sides(node.input(0))
        or require(node, "mode", "avg")
        or require_type(node.input(1), FLOATS)
    )


@lowers("RoiAlign", check=check_roi_align)
def lower_roi_align(low: Lowering, node: Node) -> None:
    """Read images in blocks, and write the bins of all regions in row-major order."""
    value, a = node.input(0), node.attributes
    source, target = low.source(value, BLOCKED), low.target(node.output, DENSE)
    regions, of_image = (Data.of(low, node.input(index)) for index in (1, 2))
    count, channels, height, width = node.output.shape

    def call(_: object) -> Call:
        fields: dict[str, Field] = {
            "regions": count,
            "images": source.images,
            "channels": channels,
            "in_h": source.height,
            "in_w": source.width,
            "in_plane": source.plane,
            "in_row": source.row,
            "in_image": source.image,
            "out_h": height,
            "out_w": width,
            "samples": a["sampling_ratio"],
            "half_pixel": int(a["coordinate_transformation_mode"] == "half_pixel"),
            "scale": float(a["spatial_scale"]),
        }
        places = (reading(source), regions.pointer(), of_image.pointer(), writing(target))
        return Call("roi_align_run", "roi_align", fields, tuple(p.of_images(0) for p in places))

    reads = [source, *regions.reads, *of_image.reads]
    low.add(node, "roi align", reads, target, call, value=node.output)

"""
Builds an engine with TensorRT for RTX, in an environment that has nothing else.

Prints JSON: its layers, its bytes, and the seconds that it took.
"""

from __future__ import annotations

import json
from pathlib import Path
import sys
import time
from typing import Any


def main() -> None:
    """Build the network of the file that is named."""
    import tensorrt_rtx as trt

    log = trt.Logger(trt.Logger.ERROR)
    builder = trt.Builder(log)
    typed = 1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED)
    network: Any = builder.create_network(typed)
    parser: Any = trt.OnnxParser(network, log)
    start = time.monotonic()
    if not parser.parse(Path(sys.argv[1]).read_bytes()):
        error = parser.get_error(0)
        sys.exit(f"refused at {error.node_name()}: {error.desc()}")
    engine = builder.build_serialized_network(network, builder.create_builder_config())
    if engine is None:
        sys.exit("no engine was built")
    seconds = time.monotonic() - start
    print(json.dumps({"layers": network.num_layers, "bytes": engine.nbytes, "seconds": seconds}))


if __name__ == "__main__":
    main()

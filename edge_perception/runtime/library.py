"""A compiled model's library, called through its C interface (edge_model.h) with numpy arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
import ctypes
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar
import weakref

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edge_perception.runtime.abi import c_tensors, Observer, open_library, Options, RunOptions
from edge_perception.runtime.bundle import model_from_json
from edge_perception.runtime.errors import BundleError, ProcessorError
from edge_perception.runtime.executor import Executor
from edge_perception.runtime.files import file_blocks
from edge_perception.runtime.frames import make_frame, make_regions
from edge_perception.runtime.manifest import ABI_VERSION, Model
from edge_perception.runtime.private import private_copy, PrivateFile
from edge_perception.runtime.tensors import checked_inputs, checked_outputs, new_outputs
from edge_perception.runtime.turn import Turn

Array = NDArray[Any]
Self = TypeVar("Self", bound="Instance")

_ERROR_BYTES = 1024
_ERROR_CPU = 3
"""EDGE_ERROR_CPU of edge_model.h."""


class Library:
    """
    A library that ``edgec compile`` has built.

    :ivar model: what ``edge_describe()`` says.
    """

    def __init__(self, path: str | Path, file: PrivateFile | None = None) -> None:
        """
        Load a library; that runs code of it, so check where it comes from.

        :param file: what the linker shall map, and `path` then only names in errors; None: a
            private copy of the file, unchecked.
        :raises BundleError: if it can't be loaded, or has another interface.
        """
        self.path = Path(path)
        copy = file or private_copy(partial(file_blocks, self.path), self.path)
        self.c = open_library(self.path, copy)
        self.model: Model = model_from_json(self.describe())

    def describe(self) -> str:
        """Return the model's description, JSON."""
        return _text(self.c.edge_describe(), f"{self.path}: edge_describe()")

    def create(
        self,
        threads: int = 0,
        variant: str | None = None,
        executor: Executor | None = None,
        priority: int = 0,
    ) -> Instance:
        """
        Make an instance of the model.

        :param threads: that share the work, the calling one included; 0: one per processor.
        :param variant: an instruction set out of ``model.variants``; None: the best.
        :param executor: whose threads are used, in place of such of its own; ``threads`` is 0.
        :param priority: among the models of the executor; the highest goes first.
        :raises BundleError: if the processor can't run it, or memory or threads can't be had.
        """
        return Instance(self, threads, variant, executor, priority)

    def variants(self) -> tuple[str, ...]:
        """
        Return the instruction sets that this processor has, best first.

        A processor that has one may lack some of those after it: AVX-VNNI is not in AVX-512's.
        """
        return tuple(name for name in self.model.variants if self.c.edge_supports(name.encode()))


class Instance:
    """
    An instance of a model: it owns memory and threads, so close it, or use it as a context.

    Threads may share it: calls wait for each other. While the model runs, the GIL is released.
    A process that was forked may use it, unless another thread was running it at that moment.
    """

    def __init__(
        self,
        library: Library,
        threads: int = 0,
        variant: str | None = None,
        executor: Executor | None = None,
        priority: int = 0,
    ) -> None:
        self.model = library.model
        self._c = library.c
        self._turn = Turn()
        handle = ctypes.c_void_p()
        if not isinstance(threads, int) or not 0 <= threads < 2**32:
            raise BundleError(
                f"threads must be 1..64, or 0 for one per processor, not {threads!r}"
            )
        if variant is not None and not isinstance(variant, str):
            raise BundleError(
                "variant must be the name of an instruction set, or None for the best one, "
                f"not {variant!r}"
            )
        # C's strings end at a NUL; a name with "?" there is that of no variant
        name = None if variant is None else variant.replace("\0", "?").encode(errors="replace")
        shared = None if executor is None else executor.handle(self._c)
        options = Options(ABI_VERSION, threads, name, shared, priority)
        error = ctypes.create_string_buffer(_ERROR_BYTES)
        status = self._c.edge_create(
            ctypes.byref(options), ctypes.byref(handle), error, _ERROR_BYTES
        )
        if status:
            kind = ProcessorError if status == _ERROR_CPU else BundleError
            raise kind(f"{library.path}: {error.value.decode(errors='replace')}")
        self._handle = handle
        # the executor outlives what uses it
        self._finalizer = weakref.finalize(self, _destroy, self._c, handle, executor)
        self._finalizer.atexit = False  # another thread may still be running the model then
        self.variant = _text(self._c.edge_variant(handle), f"{library.path}: edge_variant()")

    def run(
        self, inputs: Mapping[str, NDArray[Any]], out: Mapping[str, Array] | None = None
    ) -> dict[str, Array]:
        """
        Run the model on tensors.

        :param inputs: arrays by name; contiguous ones are used without a copy.
        :param out: arrays by name to write the outputs to; else new ones are made.
        :returns: the outputs by name.
        :raises BundleError: if an array is missing, unknown, or of a wrong shape or type.
        """
        arrays = checked_inputs(inputs, self.model.inputs)
        outputs = checked_outputs(out, self.model.outputs)
        self._call("edge_run", *self._c_inputs(arrays), *self._c_outputs(outputs), None)
        return outputs

    def run_image(
        self,
        frame: NDArray[Any],
        encoding: str,
        out: Mapping[str, Array] | None = None,
    ) -> dict[str, Array]:
        """
        Run the model on a camera frame; it is converted, resized and normalised on the way.

        :param frame: array [height, width, channels], see `make_frame`; rows may be any stride
            apart.
        :param encoding: one of `ENCODINGS`.
        :raises BundleError: if the frame can't be used, or the model has no image input.
        """
        c_frame, _keep = make_frame(frame, encoding)
        outputs = checked_outputs(out, self.model.outputs)
        c_outputs = self._c_outputs(outputs)
        self._call("edge_run_frame", ctypes.byref(c_frame), None, 1, *c_outputs, None)
        return outputs

    def run_regions(
        self, frame: NDArray[Any], encoding: str, maps: ArrayLike
    ) -> list[dict[str, Array]]:
        """
        Run the model on each of the regions of a camera frame.

        A region is cropped, scaled and turned by an affine map from points of the model's input to
        points of the frame, both measured in pixels from the top left corner; it is sampled
        bilinearly, and what lies outside of the frame is padding.

        :param frame: as in `run_image`.
        :param maps: [N, 2, 3]; none is fine.
        :returns: the outputs of each region, by name.
        :raises BundleError: if the frame or a map can't be used.
        """
        c_frame, _keep = make_frame(frame, encoding)
        regions, count = make_regions(maps)
        results = [new_outputs(self.model.outputs) for _ in range(count)]
        arrays = [array for outputs in results for array in outputs.values()]
        tensors = c_tensors(arrays, [t.form for t in self.model.outputs] * count)
        self._call(
            "edge_run_frame", ctypes.byref(c_frame), regions, count, tensors, len(arrays), None
        )
        return results

    def preprocess(
        self, frame: NDArray[Any], encoding: str, region: ArrayLike | None = None
    ) -> Array:
        """
        Return what a run on a camera frame would give to the model as its image input.

        :param region: one of the maps of `run_regions`; None: the whole picture.
        """
        c_frame, _keep = make_frame(frame, encoding)
        regions = None if region is None else make_regions(np.asarray(region)[np.newaxis])[0]
        form = self.model.inputs[0].form
        result = form.empty()
        tensors = c_tensors([result], [form])
        self._call("edge_preprocess", ctypes.byref(c_frame), regions, tensors)
        return result

    def observe(
        self,
        inputs: Mapping[str, NDArray[Any]],
        after: Callable[[int], None] | None = None,
    ) -> list[tuple[int, int, Array]]:
        """
        Run the model and return what each step computed, in the order of ``model.steps``.

        :param after: called with the index of each step when it was timed, before the next.
        :returns: index of the step, nanoseconds that it took, its value.
        """
        results: list[tuple[int, int, Array]] = []

        def keep(step: int, nanoseconds: int, value: Array) -> None:
            results.append((step, nanoseconds, value))
            if after is not None:
                after(step)

        self.watch(inputs, keep)
        return results

    def watch(
        self, inputs: Mapping[str, NDArray[Any]], each: Callable[[int, int, Array], None]
    ) -> None:
        """
        Run the model and hand over what each step computed, as soon as it has.

        :param each: called with index of the step, nanoseconds that it took and its value, before
            the next step.
        """

        def read(model: int, step: int, nanoseconds: int) -> None:
            form = self.model.steps[step].form
            value = form.empty()
            if self._c.edge_read_step(model, step, c_tensors([value], [form])):
                raise BundleError(f"step {step} can't be read; compile the model again")
            each(step, nanoseconds, value)

        self._observed(inputs, read)

    def time_steps(
        self,
        inputs: Mapping[str, NDArray[Any]],
        after: Callable[[int], None] | None = None,
    ) -> list[int]:
        """
        Run the model and return the nanoseconds that each step took.

        What they compute is left where it is. Read, it would be in one processor's cache where the
        next step has it in several, whose threads would fall asleep meanwhile.

        :param after: as in `observe`.
        """
        times: list[int] = []

        def keep(_model: int, step: int, nanoseconds: int) -> None:
            times.append(nanoseconds)
            if after is not None:
                after(step)

        self._observed(inputs, keep)
        return times

    def _observed(
        self, inputs: Mapping[str, NDArray[Any]], after: Callable[[int, int, int], None]
    ) -> None:
        """Run the model; after each step call with the C model, its index and nanoseconds."""
        arrays = checked_inputs(inputs, self.model.inputs)
        outputs = new_outputs(self.model.outputs)
        failures: list[BaseException] = []  # ctypes would swallow what a callback raises

        def observer(_user: int, model: int, step: int, nanoseconds: int) -> None:
            try:
                after(model, step, nanoseconds)
            except BaseException as failure:
                failures.append(failure)

        options = RunOptions(Observer(observer))
        self._call(
            "edge_run",
            *self._c_inputs(arrays),
            *self._c_outputs(outputs),
            ctypes.byref(options),
        )
        if failures:
            raise failures[0]

    def close(self) -> None:
        """Stop the threads and free the memory; waits for a run in progress. May be repeated."""
        with self._turn.taken(f"model {self.model.name}") as sound:
            if not sound:
                self._finalizer.detach()  # what the thread was changing can't be freed
            self._finalizer()

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _call(self, function: str, *arguments: Any) -> None:
        with self._turn.taken(f"model {self.model.name}") as sound:
            if not sound:
                raise BundleError(
                    f"model {self.model.name} was being run by another thread when this process "
                    "was forked; load it again in this process, or start processes by spawn"
                )
            if not self._finalizer.alive:
                raise BundleError(f"model {self.model.name} is closed; load it again to use it")
            if getattr(self._c, function)(self._handle, *arguments):
                raise BundleError(self._c.edge_last_error(self._handle).decode(errors="replace"))

    def _c_inputs(self, arrays: list[Array]) -> tuple[Any, int]:
        """Return the inputs, and how many they are, as the C interface takes them."""
        return c_tensors(arrays, [t.form for t in self.model.inputs]), len(arrays)

    def _c_outputs(self, outputs: Mapping[str, Array]) -> tuple[Any, int]:
        """Return the outputs, and how many they are, as the C interface takes them."""
        return c_tensors(outputs.values(), [t.form for t in self.model.outputs]), len(outputs)


def _destroy(functions: Any, handle: ctypes.c_void_p, _executor: Executor | None) -> None:
    functions.edge_destroy(handle)


def _text(text: bytes | None, function: str) -> str:
    if text is None:
        raise BundleError(f"{function} says nothing; compile the model again with edgec compile")
    return text.decode(errors="replace")

"""
The second opinion of a proof, in float64: who is right where a library and its reference differ.

ONNX Runtime computes in float32, as a library does, and some of its functions less exactly: its
Sigmoid is off by a rounding of one, however small the result. So a step that differs is computed
once more in float64, and its library's value may differ from that by what its terms allow.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
import hashlib

import numpy as np

from edge_compiler.float64 import Exact, Network
from edge_compiler.float64.exact import Array

Arrays = Mapping[str, Array]


class Opinion:
    """
    Judges the tensors of a model.

    :param make_network: reads the model; only called if there is something to judge.
    """

    def __init__(self, make_network: Callable[[], Network]) -> None:
        self._make_network = make_network
        self._made: Network | None = None
        self._right: set[bytes] = set()

    @property
    def _network(self) -> Network:
        if self._made is None:
            self._made = self._make_network()
        return self._made

    def of(self, name: str, values: Arrays, *, coarse: bool = False) -> Exact:
        """
        Compute a tensor from those before it.

        :param values: by name, inputs of the model included; its own is not used.
        :param coarse: for values of the reference, whose functions need not be exact.
        """
        return self._network.evaluate(name, values, coarse=coarse)

    def first_wrong(self, name: str, ours: Arrays) -> tuple[str, Exact] | None:
        """
        Follow a tensor back, and return the first that isn't what it should be.

        Each is compared with what follows from the library's own values before it. So errors that
        float32 has grown on the way are nobody's fault, but every step must be right. Those before
        the tensor agree with the reference, too, so they may have the worst of luck.

        :param ours: all values of the library, inputs of the model included.
        :returns: its name and what it should be; None if all are right.
        """
        for current, sources in self._history(name, ours.keys()):
            digest = _digest(current, [ours[source] for source in sources], ours[current])
            if digest in self._right:
                continue
            exact = self.of(current, ours)
            fits = exact.rounds_to if current == name else exact.may_be
            if not fits(ours[current].reshape(exact.value.shape)):
                return current, exact
            self._right.add(digest)
        return None

    def _history(self, name: str, known: Collection[str]) -> list[tuple[str, list[str]]]:
        """Return the tensors that a tensor follows from, in order, and what each is made of."""
        history: dict[str, list[str]] = {}
        waiting = [name]
        while waiting:
            current = waiting.pop()
            if current in self._network.order and current not in history:
                history[current] = sorted(self._network.sources(current, known))
                waiting += history[current]
        return sorted(history.items(), key=lambda item: self._network.order[item[0]])


def _digest(name: str, sources: list[Array], value: Array) -> bytes:
    found = hashlib.sha256(name.encode())
    for array in (*sources, value):
        found.update(np.ascontiguousarray(array).data.cast("B"))
    return found.digest()

"""What a library is compiled for, and by what."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge_compiler.machine import processor_features
from edge_compiler.targets.program.variants import Variant
from edge_compiler.toolchain.base import Toolchain


@dataclass(frozen=True)
class Platform:
    """
    A kind of machine, as a library sees it.

    :ivar tools: that compile for it.
    :ivar variants: the instruction sets that a library carries code for, best first.
    :ivar for_bytes: more of them, better still, for libraries that multiply quantised bytes.
    :ivar for_halves: the same, for libraries that may round what they multiply to 16 bits.
    :ivar for_both: the same, in place of these, for libraries that do both: a processor that has
        instructions for both shall use both.
    :ivar least_flags: for what is compiled for every processor of that kind: the code that asks
        which instruction sets it has.
    """

    tools: Toolchain
    variants: tuple[Variant, ...]
    least_flags: tuple[str, ...] = ()
    for_bytes: tuple[Variant, ...] = ()
    for_halves: tuple[Variant, ...] = ()
    for_both: tuple[Variant, ...] = ()

    @property
    def triple(self) -> str:
        """The machine's triple, as GNU and Debian write it."""
        return self.tools.triple

    def of_library(self, *, multiplies_bytes: bool, rounds: bool = False) -> Platform:
        """
        Return the platform of a library, which has all instruction sets that gain something.

        :param multiplies_bytes: it has products of quantised bytes.
        :param rounds: it may round what it multiplies to 16 bits.
        """
        if multiplies_bytes:
            more = self.for_both if rounds else self.for_bytes
        else:
            more = self.for_halves if rounds else ()
        return replace(
            self, variants=(*more, *self.variants), for_bytes=(), for_halves=(), for_both=()
        )

    def best_here(self) -> Variant:
        """Return the best instruction set of this processor; of all, for another machine."""
        if not self.tools.machine.native:
            return self.variants[0]
        has = processor_features()
        return next((v for v in self.variants if has.issuperset(v.features)), self.variants[-1])

"""Where values live: their storage in the arena, with halos, views and lifetimes."""

from __future__ import annotations

from dataclasses import dataclass
import math

from edge_compiler.targets.program.layout import DENSE, Layout
from edge_perception.runtime.dtypes import ElementType, FLOAT32

ALIGNMENT = 64
"""Every buffer begins at a multiple of so many bytes: a cache line and a vector."""


def aligned(size: int) -> int:
    """Return a number of bytes, rounded up so that what follows is aligned."""
    return -(-size // ALIGNMENT) * ALIGNMENT


@dataclass(frozen=True)
class Halo:
    """Zeros around an image, so that a kernel may read past the edge: rows and columns."""

    top: int = 0
    left: int = 0
    bottom: int = 0
    right: int = 0

    def union(self, other: Halo) -> Halo:
        """Return the smallest halo that holds both."""
        return Halo(
            max(self.top, other.top),
            max(self.left, other.left),
            max(self.bottom, other.bottom),
            max(self.right, other.right),
        )

    def __bool__(self) -> bool:
        return self != Halo()


class Buffer:
    """
    A value's storage in a layout; see ``edge_value`` in runtime/program.h for the addressing.

    A buffer may be a view into a parent: the channels of the parent from ``first_channel`` on, or
    its elements in row-major order under another shape. That makes Concat, Split and Reshape free.
    Only images that are not stored with their channels last have a halo.

    :ivar name: of the value, for reports.
    :ivar shape: of the value.
    :ivar type: of the elements.
    :ivar channels: of an image; what is no image counts as one pixel of so many channels.
    :ivar images: one behind the other; what is no image counts as one.
    :ivar offset: position in the arena in bytes; set by the memory plan (roots only).
    """

    def __init__(
        self,
        name: str,
        shape: tuple[int, ...],
        layout: Layout = DENSE,
        type_: ElementType = FLOAT32,
    ) -> None:
        self.name = name
        self.shape = shape
        self.layout = layout
        self.type = type_
        self.channels, self.height, self.width = layout.extent(shape)
        self.images = shape[0] if layout.is_image else 1
        self.offset: int | None = None
        self._parent: Buffer | None = None
        self._first_channel = 0
        self._halo = Halo()

    @property
    def root(self) -> Buffer:
        """The buffer that owns the memory."""
        return self._place()[0]

    @property
    def first_channel(self) -> int:
        """The first channel of the root that this buffer shows."""
        return self._place()[1]

    def _place(self) -> tuple[Buffer, int]:
        """Return the root and the first channel; the way gets short, as views may nest deeply."""
        views, root = [], self
        while root._parent is not None:
            views.append(root)
            root = root._parent
        first = 0
        for view in reversed(views):
            first += view._first_channel
            view._parent, view._first_channel = root, first
        return root, first

    def place_in(self, parent: Buffer, first_channel: int) -> None:
        """Become a view of ``parent``; a halo that was asked for moves to the new root."""
        halo = self.root._halo
        self._parent, self._first_channel = parent, first_channel
        self.require(halo)

    def require(self, halo: Halo) -> None:
        """Ask for a halo of at least this size."""
        self.root._halo = self.root._halo.union(halo)

    @property
    def halo(self) -> Halo:
        """The halo of the root."""
        return self.root._halo

    @property
    def block(self) -> int:
        """Channels of the root that lie side by side: 16 in a blocked image."""
        return self.layout.lanes or self.root.channels

    @property
    def blocks(self) -> int:
        """The number of channel blocks, the last of which may be filled in part."""
        return -(-self.channels // self.block)

    @property
    def row(self) -> int:
        """Elements from one row to the next."""
        if not self.layout.is_image:
            return 1
        return (self.root.width + self.halo.left + self.halo.right) * self.block

    @property
    def plane(self) -> int:
        """Elements from one channel block to the next."""
        if not self.layout.is_image:
            return 1
        return (self.root.height + self.halo.top + self.halo.bottom) * self.row

    @property
    def image(self) -> int:
        """Elements from one image to the next, or along the first dimension of what is none."""
        if not self.layout.is_image:
            return math.prod(self.shape[1:])
        return self.root.blocks * self.plane

    @property
    def bytes(self) -> int:
        """Size of the memory of a root, rounded up so that whole vectors may be written."""
        return aligned(self.images * self.blocks * self.plane * self.type.bytes)

    @property
    def start(self) -> int:
        """Position in the arena, in bytes, of the first channel's plane, halo included."""
        if self.root.offset is None:
            raise AssertionError(f"{self.name} has no place in the arena yet")
        block, lane = divmod(self.first_channel, self.block)
        return self.root.offset + (block * self.plane + lane) * self.type.bytes

    @property
    def origin(self) -> int:
        """Position in the arena of element (0, 0, 0) of the first image."""
        return self.at(0, 0)

    def at(self, y: int, x: int) -> int:
        """Return the bytes in the arena before pixel (y, x), which may lie in the halo."""
        halo = self.halo
        elements = (halo.top + y) * self.row + (halo.left + x) * self.block
        return self.start + elements * self.type.bytes

    @property
    def is_aligned(self) -> bool:
        """Whether it begins at a cache line, as its root does."""
        return self.first_channel * self.type.bytes % ALIGNMENT == 0

    @property
    def is_flat(self) -> bool:
        """Whether the pixels of a block follow each other without gaps."""
        return self.row == self.width * self.block and self.plane == self.height * self.row

    @property
    def is_dense(self) -> bool:
        """Whether the elements lie in row-major order (one pixel: blocked and dense are alike)."""
        if self.block == 1:
            return not self.halo
        return self.height == self.width == 1 and not self.halo

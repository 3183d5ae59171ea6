"""Numbers with their units, as people write them."""

from __future__ import annotations


class Quantity(str):
    """A number with its unit, as text; aligned to the right in tables."""

    __slots__ = ()


def count(number: float) -> Quantity:
    """Write a count with a decimal prefix: 349 M."""
    return _scaled(number, 1000, ("", "k", "M", "G", "T"))


def size(number: float) -> Quantity:
    """Write a number of bytes: 4.7 MiB."""
    return _scaled(number, 1024, ("B", "KiB", "MiB", "GiB"))


def _scaled(number: float, base: int, units: tuple[str, ...]) -> Quantity:
    power = 0
    while number >= base and power < len(units) - 1:
        number, power = number / base, power + 1
    digits = f"{number:.3g}" if number < 100 else f"{number:.0f}"
    return Quantity(f"{digits} {units[power]}".strip())

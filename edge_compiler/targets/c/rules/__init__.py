"""The rules of all operators: its modules, one for each family, register them."""

import importlib
import pkgutil

from edge_compiler.targets.c.rules.table import entry_of, RULES

__all__ = ["RULES", "entry_of"]

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

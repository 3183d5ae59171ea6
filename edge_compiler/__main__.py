# PYTHON_ARGCOMPLETE_OK
"""Let ``python -m edge_compiler`` be ``edgec``."""

import sys

from edge_compiler.entry import main

sys.exit(main())

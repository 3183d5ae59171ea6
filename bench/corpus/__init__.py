"""
Networks as robots run them, compiled and proven one by one: ``python -m bench.corpus``.

``packages`` are trained networks that packages carry, ``exports`` what PyTorch's libraries make,
in an environment of its own. Each is compiled by a process that has so much time and memory and no
more; ``attempts`` keeps what came of it.
"""

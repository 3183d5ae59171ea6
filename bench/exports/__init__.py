"""
Detectors as their own frameworks export them, compiled and proven: ``python -m bench.exports``.

Their weights are random, but their scores as low as those of trained ones: ``detectors`` makes
them, in an environment of its own.
"""

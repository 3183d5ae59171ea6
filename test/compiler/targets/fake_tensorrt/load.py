"""
Load a bundle with one fault of the imitation after the other.

Prints JSON: by fault the variant that runs and the caveat, or the error of a run.
"""

import json
import os
import sys

import numpy as np

from edge_perception.runtime import BundleError, load

bundle, *faults = sys.argv[1:]
found = {}
for fault in faults:
    os.environ["FAKE_FAULT"] = fault
    try:
        with load(bundle, selftest=True) as model:
            x = np.arange(-8, 8, dtype=np.float32)[None]
            results = model.run({"x": x})
            assert np.array_equal(results["y"], np.maximum(x, 0)), fault
            assert np.array_equal(results["z"], -x), fault
            found[fault] = (model.variant, model.caveat)
    except BundleError as error:
        found[fault] = ("", str(error))
print(json.dumps(found))

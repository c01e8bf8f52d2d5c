"""What only the loaded framework knows of how it computes: its libraries and the instructions that they use."""

from __future__ import annotations

import numpy as np


def settings() -> dict[str, str]:
    """Name -> value, alike from call to call in one environment.

    The number of threads is left out: the arbiter's products take one, wherever it is built.
    """
    from threadpoolctl import threadpool_info

    found = [library for library in threadpool_info() if library["user_api"] == "blas"]
    # SciPy brings a library of its own, which is there or not according to what else was imported.
    libraries = [library for library in found if "numpy" in library["filepath"]] or found
    named = ("internal_api", "version", "architecture", "threading_layer")
    texts = [" ".join(str(library[key]) for key in named if library.get(key)) for library in libraries]
    shown = np.show_config(mode="dicts")
    return {
        "BLAS": "; ".join(sorted(texts)),
        "instruction sets": ", ".join(shown["SIMD Extensions"].get("found", [])),
        "compiler": "{name} {version}".format(**shown["Compilers"]["c"]),
    }

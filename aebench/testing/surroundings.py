"""The checks of a framework by itself, each under its name; they run in its own process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from typing import cast

import numpy as np

from aebench.arrays import Dtype
from aebench.errors import FrameworkError
from aebench.testing.case import Case

LOOK = """
import sys
from aebench import registry
found = registry.frameworks()[sys.argv[1]]
registry.version(found), [found.offers(name) for name in registry.autoencoders()]
print(*[name for name in found.packages if name in sys.modules])
"""
# The harness itself computes with it.
LIGHT = "numpy"


def looking_imports_nothing(case: Case) -> None:
    """To find the framework, its version and its networks does not import its packages."""
    command = [sys.executable, "-c", LOOK, case.framework.plain]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    case.require(done.returncode == 0, f"looking ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    imported = set(done.stdout.split()) - {LIGHT}
    case.require(not imported, f"looking imports {', '.join(sorted(imported))}; import them in `make` and `devices`")


def the_cpu_is_a_device(case: Case) -> None:
    """`devices` names `cpu`."""
    found = case.framework.devices()
    case.require("cpu" in found, f"`devices` gives {found}, expected cpu among them")


def other_devices_and_dtypes_are_refused(case: Case) -> None:
    """A model on an unknown device, or in a dtype that is neither float32 nor float64, is a FrameworkError."""
    build = partial(case.framework.build, case.autoencoder, case.parameters())
    case.require_refused(partial(build, dtype="float64", device="abacus"), FrameworkError, "device abacus")
    half = cast(Dtype, "float16")
    case.require_refused(partial(build, dtype=half, device="cpu"), FrameworkError, "dtype float16")


def both_dtypes_are_computed_in(case: Case) -> None:
    """Codings of a float32 and of a float64 model are in that dtype; the arbiter computes in float64 always."""
    dtypes: tuple[Dtype, Dtype] = ("float32", "float64")
    for dtype in dtypes:
        found = np.asarray(case.model(dtype=dtype).encode(case.images)).dtype.name
        expected = "float64" if case.framework.name == "reference" else dtype
        case.require(found == expected, f"codings of a {dtype} model are {found}")


def the_ceiling_can_be_timed(case: Case) -> None:
    """`products` and `copying` give what runs again and again."""
    run = case.framework.products([(3, 4, 5)], dtype="float32", device="cpu")
    copy = case.framework.copying(10, dtype="float32", device="cpu")
    for name, what in {"products": run, "copying": copy}.items():
        case.require(callable(what), f"`{name}` gives {what!r}, expected what can be called")
        what()
        what()


SURROUNDINGS: dict[str, Callable[[Case], None]] = {
    check.__name__: check
    for check in (
        looking_imports_nothing, the_cpu_is_a_device, other_devices_and_dtypes_are_refused,
        both_dtypes_are_computed_in, the_ceiling_can_be_timed,
    )
}  # fmt: skip

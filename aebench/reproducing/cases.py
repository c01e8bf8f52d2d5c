"""One computation of a climb on its own: what is computed of which arrays, and which array of the result is looked at.

A case is one call of a model, or one training of a few steps. It can be computed in any framework that has the
autoencoder, made smaller, and written down as a script.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from aebench import registry
from aebench.agreement.bounds import UNIT_ROUNDOFF
from aebench.agreement.spreads import moved
from aebench.arrays import Array, Arrays, Dtype
from aebench.protocol import Batch, Framework
from aebench.records.checkpoint import read_arrays, write_arrays
from aebench.records.trace import Place
from aebench.registry import ARBITER
from aebench.reproduced import PARAMETERS, STATE, under
from aebench.spec import Autoencoder, Phase

Kind = Literal["forward", "losses", "gradients", "encode", "decode", "reconstruct", "cached", "steps"]
WHOLE_NUMBERS = ("order", "labels", f"{STATE}step")


@dataclass(frozen=True)
class Case:
    """One computation.

    place: where on the ladder it stands. array: of what the computation gives, the one that is looked at. arrays:
    `parameters/NAME`; `inputs` (rows, width), or `images` (n, width), with `order` (steps, rows) where it trains; where
    there are any, `noise`, `labels`, and the optimiser's `state/NAME`.
    """

    autoencoder: Autoencoder
    place: Place
    kind: Kind
    array: str
    dtype: Dtype
    device: str
    arrays: Arrays

    @property
    def phase(self) -> Phase:
        """The phase that it belongs to."""
        return self.autoencoder.phase(self.place.phase)

    @property
    def steps(self) -> int:
        """How many steps are trained."""
        return len(self.arrays["order"]) if self.kind == "steps" else 0

    @property
    def rows(self) -> int:
        """How many rows are computed at once."""
        return self.arrays["order"].shape[1] if self.kind == "steps" else len(self.arrays[self.read])

    @property
    def read(self) -> str:
        """What its rows are called."""
        return "images" if "images" in self.arrays else "inputs"

    def with_arrays(self, arrays: Mapping[str, Array | None]) -> Case:
        """The same with these arrays in place of those of their names, as the dtype holds them."""
        found = {**self.arrays, **{name: array for name, array in arrays.items() if array is not None}}
        return replace(self, arrays={name: _cast(name, array, self.dtype) for name, array in found.items()})


def _cast(name: str, array: Array, dtype: Dtype) -> Array:
    return np.ascontiguousarray(array, np.int64 if name in WHOLE_NUMBERS else dtype).reshape(np.shape(array))


def compacted(case: Case) -> Case:
    """The training case without the images that it does not read."""
    used, order = np.unique(case.arrays["order"], return_inverse=True)
    read: Arrays = {name: case.arrays[name][used] for name in ("images", "labels") if name in case.arrays}
    return case.with_arrays({**read, "order": order.reshape(case.arrays["order"].shape)})


def after(case: Case, answer: Arrays) -> Case:
    """The training case from the parameters and the optimiser's state that a training has left."""
    state = {f"{STATE}{name}": array for name, array in under("optimizer.", answer).items()}
    return case.with_arrays({**{f"{PARAMETERS}{name}": answer[name] for name in case.autoencoder.shapes}, **state})


def computed(framework: Framework, case: Case) -> Arrays:
    """What the framework gives for it, by name; of a training as of `program`: losses, optimiser, parameters."""
    arrays, phase = case.arrays, case.phase.name
    model = framework.build(case.autoencoder, under(PARAMETERS, arrays), dtype=case.dtype, device=case.device)
    if case.kind in ("forward", "losses", "gradients"):
        batch = Batch(arrays["inputs"], arrays.get("noise"), arrays.get("labels"))
        found: Arrays = getattr(model, case.kind)(phase, batch)
        return found
    if case.kind == "encode":
        return {"codings": model.encode(arrays["inputs"], arrays.get("noise"))}
    if case.kind == "decode":
        return {"outputs": model.decode(arrays["inputs"])}
    if case.kind == "reconstruct":
        return {"outputs": model.reconstruct(arrays["inputs"], arrays.get("noise"))}
    trainer = model.trainer(phase, arrays["images"], arrays.get("labels"))
    if case.kind == "cached":
        return {case.array: trainer.inputs()}
    if state := under(STATE, arrays):
        trainer.restore(state)
    history = trainer.run(arrays["order"], arrays.get("noise"))
    losses = {f"loss.{term}": values for term, values in history.items()}
    return losses | {f"optimizer.{name}": array for name, array in trainer.state().items()} | model.parameters()


def answer(name: str, case: Case, given: Path, to: Path, draws: int = 0) -> None:
    """In a framework's process: compute, and leave what was found, and how far the array strays in so many draws.

    case: without its arrays, which are in the file `given`; the reference computes it on the CPU. A stray is kept as
    `stray/NUMBER`: the reference's operations are disturbed as rounding does, another framework's parameters are.
    """
    device = "cpu" if registry.plain(name) == ARBITER else case.device
    case, framework = replace(case, arrays=read_arrays(given)[0], device=device), registry.framework(name)
    with np.errstate(all="ignore"):
        found = computed(framework, case) | _first_gradients(framework, case)
        strays = {f"stray/{n}": _disturbed(framework, case, n)[case.array] for n in range(draws)}
    write_arrays(to, {**found, **strays}, {})


def _first_gradients(framework: Framework, case: Case) -> Arrays:
    """`gradient/NAME` of a training that begins with no moments: what they vanish in may go either way."""
    if case.kind != "steps" or f"{STATE}step" in case.arrays or case.phase.inputs != "images":
        return {}
    rows = case.arrays["order"][0]
    names = {"images": "inputs", "labels": "labels"}
    batch: Arrays = {to: case.arrays[name][rows] for name, to in names.items() if name in case.arrays}
    batch |= {"noise": case.arrays["noise"][0]} if "noise" in case.arrays else {}
    found = computed(framework, replace(case, kind="gradients").with_arrays(batch))
    return {f"gradient/{name}": array for name, array in found.items()}


def _disturbed(framework: Framework, case: Case, number: int) -> Arrays:
    """What it gives when it is disturbed by one rounding everywhere, or at its parameters."""
    unit = UNIT_ROUNDOFF[case.dtype]
    if framework.name == ARBITER:
        with framework.perturbed(unit, seed=number):
            return computed(framework, case)
    parameters = under(PARAMETERS, case.arrays)
    others = {f"{PARAMETERS}{name}": moved(name, value, unit, number) for name, value in parameters.items()}
    return computed(framework, case.with_arrays(others))

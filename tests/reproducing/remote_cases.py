"""In a framework's process: cases of climbs, computed by its model and by the text of a script."""

from __future__ import annotations

import os
import sys
from types import ModuleType

import numpy as np

from aebench import registry
from aebench.agreement.bundled import narrow
from aebench.agreement.ladder import Climb, record
from aebench.agreement.rows import furthest
from aebench.arrays import Array, Arrays, Dtype
from aebench.data import load
from aebench.errors import ReproductionError
from aebench.records.trace import Place
from aebench.reproducing.cases import Case, computed
from aebench.reproducing.places import Climbed
from aebench.reproducing.scripts import Script
from aebench.reproducing.trying import compared


def climbed(name: str, dtype: Dtype, *, plain: bool) -> Climbed:
    """A climb of the autoencoder, narrow and short, and its trace."""
    autoencoder = registry.autoencoder(name)
    autoencoder, dataset = narrow(autoencoder, load(autoencoder.dataset or "digits"))
    climb = Climb(autoencoder, dtype=dtype, steps=3, moments=True, plain=plain)
    with np.errstate(all="ignore"):
        return Climbed(climb, dataset, record(registry.framework(_framework()), climb, dataset))


def _framework() -> str:
    return os.environ["AEBENCH_FRAMEWORK"]


def unlike_the_trace(name: str, dtype: Dtype) -> tuple[list[str], set[str]]:
    """The places whose case gives another array than the trace holds, in any bit, or that are held as another one; and
    the rungs of those that have no case."""
    found, unlike, without = climbed(name, dtype, plain=False), [], set()
    framework, memory = registry.framework(_framework()), dict[tuple[object, ...], Arrays]()
    for place, array in found.trace.arrays.items():
        try:
            case = found.case(place)
        except ReproductionError:
            without.add(place.rung)
            continue
        key = (place.phase, place.rung, place.step, case.kind, *(a.tobytes() for a in case.arrays.values()))
        if key not in memory:
            with np.errstate(all="ignore"):
                memory[key] = computed(framework, case)
        given = memory[key][case.array]
        for one, other in ((_as_recorded(found, place, given), array), (found.held(place, given), given)):
            if not np.array_equal(one, other, equal_nan=True):
                unlike.append(place.key)
    return unlike, without


def _as_recorded(found: Climbed, place: Place, array: Array) -> Array:
    """What the trace keeps of what is computed: a loss of the last step, a row's copies in one."""
    recorded = found.trace.arrays[place]
    if place.rung == "inputs":
        (order,), _ = found._fed(found.climb.autoencoder.phase(place.phase), 0, 1)
        return array[order]
    if place.rung == "rows" and place.array in ("many.codings", "many.reconstructions"):
        return furthest(array, len(array) // len(recorded))
    is_loss = place.array.removeprefix("outside.").startswith("loss.")
    return array[-recorded.size :].reshape(recorded.shape) if is_loss else array


def of_each_kind(found: Climbed) -> list[Case]:
    """A case of every kind in every phase."""
    kinds = {}
    for place in found.trace.arrays:
        try:
            case = found.case(place)
        except ReproductionError:
            continue
        kinds.setdefault((place.phase, place.rung, case.kind, "state/step" in case.arrays), case)
    return list(kinds.values())


def unlike_the_model(name: str, dtype: Dtype) -> tuple[list[str], int]:
    """The arrays of cases that a script's text gives otherwise than the model does, in any bit; and how many cases."""
    framework, unlike = registry.framework(_framework()), []
    cases = of_each_kind(climbed(name, dtype, plain=True))
    for case in cases:
        expected, script = computed(framework, case), module(text_of(case))
        found = script.way(*script.ASKED.functions)(case.arrays)()
        unlike += [
            f"{case.place.key}: {array}"
            for array, value in expected.items()
            if not np.array_equal(value, found.get(array, np.nan), equal_nan=True)
        ]
    return unlike, len(cases)


def text_of(case: Case) -> str:
    """The script of the case; its main way is named to whoever loads it."""
    text = Script(case, _framework(), {}, "nobody", 0.0, 0.0, "A test.").text()
    mode = registry.variants()[_framework()].mode
    way = text.rpartition(f'"{mode}": way(')[2].partition(")")[0]
    return f"{text}\n\nASKED.functions = ({way})\n"


def module(text: str) -> ModuleType:
    """The script as a module, where its classes are looked for."""
    found = ModuleType("a_script")
    sys.modules["a_script"] = found
    exec(compile(text, "a_script", "exec"), found.__dict__)
    return found


def operation_after_a_change(name: str, parameter: str) -> tuple[str, int]:
    """The first operation of a gradient that differs once a parameter was changed; and how many there are."""
    (case,) = [it for it in of_each_kind(climbed(name, "float32", plain=True)) if it.kind == "gradients"]
    script, key = module(text_of(case)), f"parameters/{parameter}"
    prepared = script.way(*script.ASKED.functions)
    one = script.operations(prepared(case.arrays))
    other = script.operations(prepared({**case.arrays, key: case.arrays[key] + np.float32(0.5)}))
    assert compared(one, script.operations(prepared(case.arrays))).startswith("none")
    return compared(one, other), len({it.partition(" ")[0] for it in one})

"""What the rungs beside the plain climb record, how fine the ladder sees, and where its spreads are kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path

import climbs
import numpy as np
import pytest

from aebench import registry
from aebench.agreement import spreads
from aebench.agreement.bounds import BLIND, Spread
from aebench.agreement.compare import compare
from aebench.agreement.extremes import DEAD, DECIDED, extremes
from aebench.agreement.ladder import RUNGS, record
from aebench.agreement.program import state_from_outside
from aebench.agreement.rows import furthest
from aebench.arrays import Array, Dtype
from aebench.layers import Parameter
from aebench.records.trace import Place, Trace

each_dtype = pytest.mark.parametrize("dtype", climbs.DTYPES)


def whole(name: str, dtype: Dtype, plain: bool = False) -> Trace:
    """The reference's climb, undisturbed."""
    climb = climbs.narrow_climb(name, dtype, plain=plain)
    with climbs.one_thread():
        return record(registry.framework(registry.ARBITER), climb, climbs.data_of(climb))


@each_dtype
def test_the_rungs_beside_the_way_change_nothing_on_it(dtype: Dtype) -> None:
    """A climb with them records the same bits on the plain rungs as one without, and all rungs."""
    found, plain = whole("layerwise_cached", dtype), whole("layerwise_cached", dtype, plain=True)
    assert {place.rung for place in found.arrays} == set(RUNGS)
    assert {place.rung for place in plain.arrays} == set(RUNGS) - set(climbs.BESIDE)
    assert [p.key for p, array in plain.arrays.items() if not np.array_equal(found.arrays[p], array)] == []


def test_the_program_and_the_resumed_training_go_where_single_steps_go() -> None:
    """In the reference, four steps in a call, and then on other images four by another trainer, are the same bits as
    one by one."""
    name = "variational"
    climb = dataclasses.replace(climbs.narrow_climb(name, "float64", plain=False), steps=8)
    with climbs.one_thread():
        trace = record(registry.framework(registry.ARBITER), climb, climbs.data_of(climb))
    for parameter in climb.autoencoder.shapes:
        steps, program, resumed = (
            {step: trace.arrays.get(Place("phase1", rung, step, parameter)) for step in (4, 8)}
            for rung in ("trajectory", "program", "resumed")
        )
        assert np.array_equal(steps[4], program[4]), parameter
        assert np.array_equal(program[8], resumed[8]), parameter
        assert not np.array_equal(steps[8], program[8]), parameter


@pytest.mark.parametrize("name", registry.autoencoders())
def test_extremes_saturate_what_each_layer_has(name: str) -> None:
    """Every layer's biases go to the ends of its activation, in every phase, and all other parameters stay."""
    autoencoder = registry.autoencoder(name)
    ones = {parameter: np.ones(shape) for parameter, shape in autoencoder.shapes.items()}
    for phase in autoencoder.phases:
        moved: dict[str, float] = {}
        for extreme in extremes(autoencoder, phase, "float32"):
            if extreme.doubled:
                continue
            for parameter, value in extreme.parameters(ones).items():
                if not np.array_equal(value, ones[parameter]):
                    moved[parameter] = float(np.max(np.abs(value)))
        assert set(moved) == {f"{layer.name}.bias" for layer in autoencoder.passed(phase)}
        assert set(moved.values()) <= {DEAD, DECIDED}
        last = autoencoder.passed(phase)[-1]
        assert moved[f"{last.name}.bias"] == (DEAD if last.activation == "elu" else DECIDED)


def test_extremes_leave_a_layer_without_biases_as_it_is() -> None:
    """Parameters of a layer's own need no bias among them; the biases beside it go to their ends."""
    linear = registry.autoencoder("linear")
    decoder = dataclasses.replace(linear.layers[-1], own=(Parameter("kernel", (2, 3)),))
    autoencoder = dataclasses.replace(linear, layers=(*linear.layers[:-1], decoder))
    ones = {parameter: np.ones(shape) for parameter, shape in autoencoder.shapes.items()}
    cases = {extreme.name: extreme for extreme in extremes(autoencoder, autoencoder.phases[0], "float32")}
    decided = cases["decided"].parameters(ones)
    assert np.array_equal(ones[f"{decoder.name}.kernel"], decided[f"{decoder.name}.kernel"])
    assert [name for name in decided if not np.array_equal(ones[name], decided[name])] == [
        f"{linear.layers[0].name}.bias"
    ]


def test_the_copy_that_is_furthest_is_kept() -> None:
    """Of three copies of two rows: the value that strays, wherever it stands, and a NaN before all."""
    copies = np.tile(np.array([[1.0, 2.0], [3.0, 4.0]]), (3, 1))
    copies[3, 1], copies[4, 0] = 4.5, np.nan
    assert furthest(copies, 3).tolist()[1] == [3.0, 4.5]
    assert np.isnan(furthest(copies, 3)[0, 0])
    assert furthest(copies, 3)[0, 1] == 2.0


def test_the_state_from_outside_is_one_that_a_trainer_could_have() -> None:
    """A step count and both moments of every trained parameter, no second moment below zero."""
    autoencoder = registry.autoencoder("pretrained")
    for phase in autoencoder.phases:
        state = state_from_outside(autoencoder, phase, seed=0)
        trained = [f"{n}.{moment}" for n in autoencoder.trained(phase) for moment in ("first_moment", "second_moment")]
        assert set(state) == {"step", *trained}
        assert all(np.all(array >= 0.0) for name, array in state.items() if name.endswith("second_moment"))


@each_dtype
def test_a_sensitivity_is_the_smallest_fault_that_shows(dtype: Dtype, referee: Callable[..., climbs.Refereed]) -> None:
    """A fault planted in an array, of 1.5 times the size that the ladder sees, parts there; of half not."""
    climb = climbs.narrow_climb("tied", dtype, plain=False)
    base, found, _ = referee(climb)
    sound = dataclasses.replace(base, framework="another", arrays=_cast(base.arrays, dtype))
    judged = [c for c in compare(base, sound, base, found, climb.autoencoder).comparisons if c.judged and c.sensitivity]
    assert {c.place.rung for c in judged} >= {*climbs.BESIDE, "forward", "losses", "gradients", "step", "trajectory"}
    for factor, parts in ((1.5, True), (0.5, False)):
        arrays = {c.place: base.arrays[c.place] * (1.0 + factor * c.sensitivity) for c in judged}
        faulty = dataclasses.replace(sound, arrays=sound.arrays | _cast(arrays, dtype))
        agreement = compare(base, faulty, base, found, climb.autoencoder)
        wrong = [c.place.key for c in agreement.comparisons if c.place in arrays and (c.problem is not None) != parts]
        assert wrong == []


def _cast(arrays: Mapping[Place, Array], dtype: str) -> dict[Place, Array]:
    with np.errstate(over="ignore"):
        return {p: a if np.issubdtype(a.dtype, np.integer) else a.astype(dtype) for p, a in arrays.items()}


def test_a_rung_that_shows_nothing_is_vacuous() -> None:
    """With bounds a fifth of the values' size the rung agrees, and is said to be vacuous, its array blind."""
    place = Place("phase1", "trajectory", 5, "encoder1.bias")
    base, other = (Trace(n, "tied", "float32", {place: np.ones(2)}) for n in (registry.ARBITER, "pytorch"))
    other.arrays[place] = other.arrays[place].astype(np.float32)
    tied, wide = registry.autoencoder("tied"), (2.0 * BLIND) / 8.0
    vague = compare(base, other, base, {place: Spread(wide, wide)}, tied)
    assert vague.first_parting is None
    assert (vague.vacuous(), [c.place for c in vague.blind]) == (["trajectory"], [place])
    sharp = compare(base, other, base, {place: Spread(wide / 4, wide / 4)}, tied)
    assert (sharp.vacuous(), sharp.blind) == ([], [])


def test_without_an_arbiter_the_two_are_held_against_each_other() -> None:
    """Bounds come from the left's own spreads; what parts is said to be undecided between the two."""
    place = Place("phase1", "forward", 0, "codings")
    left, right = (
        Trace(n, "tied", "float64", {place: np.full(2, v)}) for n, v in (("tensorflow", 1.0), ("pytorch", 2.0))
    )
    agreement = compare(left, right, None, {}, registry.autoencoder("tied"))
    assert not agreement.arbiter
    assert agreement.first_parting is not None
    assert "no arbiter took part, so either may be wrong" in (agreement.first_parting.problem or "")
    assert compare(left, left, None, {}, registry.autoencoder("tied")).first_parting is None


def test_spreads_are_kept_and_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawn once; afterwards read, the same to the bit, and not under another seed, width or text."""
    monkeypatch.setattr(spreads.platformdirs, "user_cache_dir", lambda _: str(tmp_path))
    climb = dataclasses.replace(climbs.narrow_climb("linear", "float64"), steps=1)
    arbiter, data = registry.framework(registry.ARBITER), climbs.data_of(climb)
    base = record(arbiter, climb, data)
    drawn = spreads.draw(arbiter, climb, data, base)
    first = spreads.spreads(arbiter, climb, data, base)
    monkeypatch.setattr(spreads, "draw", lambda *_: pytest.fail("drawn again"))
    again = spreads.spreads(arbiter, climb, data, base)
    assert drawn == first == again
    exact = spreads._widest(spreads._strays(arbiter, climb, data, base, None, 2.0**-53, range(59)))
    early = {place: spread.largest for place, spread in exact.items() if place.step == 0}
    assert early
    assert all(largest <= drawn[place].largest <= 1.002 * largest for place, largest in early.items())
    keys = {
        spreads.key(c, data) for c in (climb, dataclasses.replace(climb, seed=1), dataclasses.replace(climb, steps=2))
    }
    assert len(keys) == 3
    monkeypatch.setattr(spreads, "reference_text", lambda: "another")
    assert spreads.key(climb, data) not in keys


def test_spreads_of_a_network_from_elsewhere_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its package may change the network, and the key would not: each climb draws anew."""
    monkeypatch.setattr(spreads.platformdirs, "user_cache_dir", lambda _: str(tmp_path))
    climb = dataclasses.replace(climbs.narrow_climb("linear", "float64"), steps=1)
    arbiter, data = registry.framework(registry.ARBITER), climbs.data_of(climb)
    monkeypatch.setattr(type(arbiter), "place", lambda *_: "outside.linear:Linear")
    monkeypatch.setattr(spreads, "draw", lambda *_: {Place("phase1", "init", 0, "codings"): Spread(1.0, 1.0)})
    assert len(spreads.spreads(arbiter, climb, data, record(arbiter, climb, data))) == 1
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"format": "aebench-spreads/1"}', '{"format": 1, "key": "k", "spreads": {}}']
)
def test_damaged_spreads_are_none(text: str, tmp_path: Path) -> None:
    """What cannot be read is drawn anew."""
    path = tmp_path / "kept.json"
    path.write_text(text)
    assert spreads.kept(path, "k") is None
    assert spreads.kept(tmp_path / "missing.json", "k") is None


def test_comments_do_not_change_the_text_and_code_does() -> None:
    """Docstrings, comments and empty lines are left out of the digest; a changed number is not."""
    code = 'def f(x):\n    """One.\n\n    Two.\n    """\n    # why\n    return x + 1\n'
    assert spreads._code(code) == spreads._code("def f(x):\n\n    return x + 1\n") == "def f(x):\n    return x + 1"
    assert spreads._code(code) != spreads._code(code.replace("+ 1", "+ 2"))

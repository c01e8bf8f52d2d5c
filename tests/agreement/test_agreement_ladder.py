"""Sound frameworks agree on every rung, to the bounds that were promised; what is recorded, and in which order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import climbs
import numpy as np
import pytest

from aebench import registry
from aebench.agreement.compare import Agreement
from aebench.agreement.ladder import RUNGS, Climb
from aebench.arrays import Dtype

Agreements = Callable[..., dict[tuple[str, str], Agreement]]
each_dtype = pytest.mark.parametrize("dtype", climbs.DTYPES)
each_autoencoder = pytest.mark.parametrize("name", registry.autoencoders())

# Of the places of the rungs up to the gradients, in float64, those that no double arithmetic can keep to 1e-13: the
# linear autoencoder's data are centred, so its biases' gradients are zero but for cancellation.
BELOW_CANCELLATION = {"linear": {("gradients", "encoder1.bias"), ("gradients", "decoder1.bias")}}


def continuing(climb: Climb) -> set[str]:
    """Phases that begin with what the phase before has trained, which has strayed already."""
    return {phase.name for phase in climb.autoencoder.phases[1:] if phase.starts_from == "previous"}


def partings(found: dict[tuple[str, str], Agreement]) -> dict[tuple[str, str], str | None]:
    """Pair -> the message of its first parting."""
    return {pair: a.first_parting.problem for pair, a in found.items() if a.first_parting}


@each_dtype
@each_autoencoder
def test_sound_frameworks_agree(name: str, dtype: Dtype, agreements: Agreements) -> None:
    """Every pair of frameworks agrees at every place of a narrow climb."""
    assert partings(agreements(climbs.narrow_climb(name, dtype))) == {}


@pytest.mark.parametrize("name", ["layerwise_cached", "sparse", "variational"])
def test_sound_frameworks_agree_beside_the_way(name: str, agreements: Agreements) -> None:
    """At extremes, with many rows, in the timed program and resumed: cached inputs, a penalty, noise."""
    assert partings(agreements(climbs.narrow_climb(name, "float32", plain=False))) == {}


@pytest.mark.slow
@pytest.mark.usefixtures("fresh_tensorflow")
@each_dtype
@each_autoencoder
def test_sound_frameworks_agree_everywhere(name: str, dtype: Dtype, agreements: Agreements) -> None:
    """All twelve, on all rungs, ten steps; no rung is vacuous."""
    found = agreements(climbs.narrow_climb(name, dtype, steps=10, plain=False))
    assert partings(found) == {}
    assert {pair: a.vacuous() for pair, a in found.items() if a.vacuous()} == {}


@pytest.mark.slow
@pytest.mark.usefixtures("fresh_tensorflow")
@each_dtype
@each_autoencoder
def test_sound_frameworks_agree_at_full_width(name: str, dtype: Dtype, agreements: Agreements) -> None:
    """Every pair agrees at every place of a climb of the source's own sizes, longer runs included."""
    assert partings(agreements(Climb(registry.autoencoder(name), dtype=dtype, steps=20))) == {}


@pytest.mark.parametrize("seed", [1, 4, 11, 15])
def test_biases_of_the_linear_autoencoder_may_go_either_way(seed: int, agreements: Agreements) -> None:
    """Its biases' gradients are zero but for rounding, and in float32 their signs decide where Adam goes. At these
    seeds three disturbed climbs were too few to see both ways, and sound frameworks parted."""
    assert partings(agreements(climbs.narrow_climb("linear", "float32", seed=seed, steps=20))) == {}


@each_autoencoder
def test_float64_keeps_the_required_bounds(name: str, agreements: Agreements, sound: Callable[..., Any]) -> None:
    """Forward pass, losses and gradients differ by at most 1e-13 of the largest magnitude, by 1e-12 where a phase goes
    on from trained parameters, but where the test says so; and no bound allows more than twice that.

    Twice, as how far the disturbed reference strays is a matter of chance: sixteenfold, at the drawn reconstructions of
    variational_gamma, 0.75e-13 to 1.01e-13 over five seeds.
    """
    climb, cancelled = climbs.narrow_climb(name, "float64"), set()
    base = sound(registry.ARBITER, climb)
    for agreement in agreements(climb).values():
        for c in agreement.comparisons:
            if c.place.rung not in ("inputs", "forward", "evaluation", "losses", "gradients"):
                continue
            required = 1e-12 if c.place.phase in continuing(climb) else 1e-13
            allowed = c.bound.largest / np.max(np.abs(base.arrays[c.place]))
            if allowed > 2.0 * required:
                cancelled.add((c.place.rung, c.place.array))
            else:
                assert c.relative <= required, c.place.key
    assert cancelled == BELOW_CANCELLATION.get(name, set())


@each_autoencoder
def test_float64_steps_keep_the_required_bounds(name: str, agreements: Agreements) -> None:
    """One optimiser step differs by at most 1e-13, later ones by 1e-12, wherever 'required' is the reason.

    Elsewhere the bound is derived: Adam divides by vanishing moments. Such places are few, and at the first step,
    against the reference, they are parameters, but for the moments of gradients that cancel already.
    """
    climb, steps, wider = climbs.narrow_climb(name, "float64"), 0, []
    for pair, agreement in agreements(climb).items():
        for c in agreement.comparisons:
            if c.place.rung not in ("step", "trajectory"):
                continue
            steps += 1
            local = c.place.rung == "step" and c.place.phase not in continuing(climb)
            if "required" in c.bound.reason:
                assert c.relative <= (1e-13 if local else 1e-12), c.place.key
            elif "stray" in c.bound.reason:
                wider.append(c.place)
                if local and registry.ARBITER in pair:
                    assert c.place.array in climb.autoencoder.shapes or cancelling(name, c.place.array)
    assert len(wider) <= (0.5 if name == "linear" else 0.25) * steps


def cancelling(name: str, array: str) -> bool:
    """Whether it is a moment of a gradient that is zero but for cancellation."""
    return any(parameter in array for _, parameter in BELOW_CANCELLATION.get(name, ()))


@each_dtype
def test_initial_parameters_are_equal_to_the_last_bit(dtype: Dtype, agreements: Agreements) -> None:
    """The rung `init` allows nothing, in the arms that begin with a checkpoint neither."""
    climb = climbs.narrow_climb("pretrained", dtype)
    found = [c for a in agreements(climb).values() for c in a.comparisons if c.place.rung == "init"]
    assert {c.place.phase for c in found} == {"scratch", "finetuned", "frozen"}
    assert {(c.bound.largest, c.bound.rms, c.relative) for c in found} == {(0.0, 0.0, 0.0)}


@each_autoencoder
def test_every_phase_climbs_every_rung_in_order(name: str, sound: Callable[..., Any]) -> None:
    """The reference's trace holds, phase after phase, every rung of the plain climb in the ladder's order."""
    climb = climbs.narrow_climb(name, "float64")
    trace = sound(registry.ARBITER, climb)
    actual = list(dict.fromkeys((place.phase, place.rung) for place in trace.arrays))
    plain = [rung for rung in RUNGS if rung not in climbs.BESIDE]
    expected = [(phase.name, rung) for phase in climb.autoencoder.phases for rung in plain]
    assert expected == actual


def test_a_rung_holds_what_its_name_says(sound: Callable[..., Any]) -> None:
    """The arrays of `tied`, rung by rung: nothing that could part is left out."""
    trace = sound(registry.ARBITER, climbs.narrow_climb("tied", "float64"))
    parameters = ["encoder1.weight", "encoder1.bias", "encoder2.weight", "encoder2.bias", "decoder1.bias"]
    parameters.append("decoder2.bias")
    losses = ["loss.reconstruction", "loss.l2", "loss.total"]
    moments = [f"optimizer.{p}.{kind}_moment" for p in parameters for kind in ("first", "second")]
    evaluation = ["codings", "decoded", "reconstructions"]
    assert list(trace.at("phase1", "init", 0)) == parameters
    assert list(trace.at("phase1", "inputs", 0)) == ["images"]
    assert list(trace.at("phase1", "forward", 0)) == ["hidden1", "codings", "hidden3", "outputs"]
    assert list(trace.at("phase1", "evaluation", 0)) == evaluation
    assert list(trace.at("phase1", "losses", 0)) == ["reconstruction", "l2", "total"]
    assert list(trace.at("phase1", "gradients", 0)) == parameters
    assert list(trace.at("phase1", "step", 1)) == [*losses, "optimizer.step", *moments, *parameters]
    assert list(trace.at("phase1", "trajectory", 2)) == [*losses, *parameters]
    evaluated = [f"evaluation.{array}" for array in evaluation]
    assert list(trace.at("phase1", "trajectory", 3)) == [*losses, *parameters, *evaluated]


@pytest.mark.parametrize(
    ("name", "arrays"),
    [
        ("variational", ["codings", "decoded", "reconstructions", "drawn_codings", "drawn_reconstructions", "samples"]),
        ("denoising_dropout", ["codings", "decoded", "reconstructions", "reconstructions_from_noisy"]),
    ],
)
def test_what_users_ask_for_is_compared(name: str, arrays: list[str], sound: Callable[..., Any]) -> None:
    """Codings, reconstructions, samples and denoised images are held against the reference, too."""
    trace = sound(registry.ARBITER, climbs.narrow_climb(name, "float64"))
    assert list(trace.at("phase1", "evaluation", 0)) == arrays


def test_the_pretrained_arms_read_a_checkpoint_of_another_seed(sound: Callable[..., Any]) -> None:
    """`finetuned` and `frozen` begin with the stand-in's encoder and the initial logits."""
    trace = sound(registry.ARBITER, climbs.narrow_climb("pretrained", "float64"))
    scratch, finetuned, frozen = (trace.at(arm, "init", 0) for arm in ("scratch", "finetuned", "frozen"))
    copied = {name for name in scratch if not np.array_equal(scratch[name], finetuned[name])}
    assert copied == {"encoder1.weight", "encoder2.weight"}
    assert all(np.array_equal(finetuned[name], frozen[name]) for name in finetuned)


@pytest.mark.parametrize(
    ("steps", "marks"),
    [
        (1, [1]),
        (3, [1, 2, 3]),
        (10, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        (15, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15]),
        (20, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20]),
        (100, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30, 40, 50, 60, 80, 100]),
    ],
)
def test_marks(steps: int, marks: list[int]) -> None:
    """Every step up to ten is recorded, then about ten to the decade, whole tens, and the last."""
    assert marks == Climb(registry.autoencoder("linear"), steps=steps).marks()


def test_a_long_climb_has_few_marks() -> None:
    """Each decade adds about ten marks, so that a trace of ten thousand steps still fits into memory."""
    counts = [len(Climb(registry.autoencoder("linear"), steps=10**k).marks()) for k in (1, 2, 3, 4)]
    assert counts == [10, 17, 27, 37]

"""A bundle that is replayed: by one framework, without the reference or a data set, and to the same verdict."""

from __future__ import annotations

import ast
import contextlib
import math
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from packing import contents, placeholder, repacked
from safetensors.numpy import load, save

from aebench import registry, streams
from aebench.agreement import bundled, session
from aebench.agreement.bounds import DRAWS_OF_SMALL, n_draws
from aebench.agreement.bundled import drawn, narrow
from aebench.agreement.ladder import RUNGS, Climb, record
from aebench.arrays import Array
from aebench.audit.climbs import climb_planted
from aebench.audit.planted import FAULTS
from aebench.data import load as load_data
from aebench.errors import ResultError, UsageError
from aebench.processes.events import Silent
from aebench.records.archive import opened
from aebench.records.conditions import Subject
from aebench.records.trace import Place, Trace
from aebench.registry import ARBITER
from aebench.running import replaying
from aebench.running.replaying import Asked, of_subjects, replay
from aebench.training import trial


@pytest.fixture(autouse=True)
def without_data(alone: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted fault: beside a reference that does not start, data sets that are not there."""

    def missing(*_: Any, **__: Any) -> None:
        raise AssertionError("a data set was asked for")

    monkeypatch.setattr(trial, "load_dataset", missing)


def replayed(path: Path, folder: Path, *autoencoders: str) -> dict[str, Any]:
    """What PyTorch's climb of the bundle gives."""
    return replay(Asked(opened(path), ("pytorch",), autoencoders), folder, Silent())


def test_a_sound_framework_agrees_with_the_bundle(golden: Path, tmp_path: Path) -> None:
    """Every autoencoder in both dtypes, each rung, judged by the reference's trace and bounds; nothing fails."""
    found = replayed(golden, tmp_path)
    expected = {(name, dtype, ARBITER, "pytorch") for name in ("linear", "tied") for dtype in ("float64", "float32")}
    assert expected == {(r["autoencoder"], r["dtype"], r["left"], r["right"]) for r in found["agreements"]}
    assert ([], {None}) == (found["failures"], {row["parting"] for row in found["agreements"]})
    assert {ARBITER} == {row["arbiter"] for row in found["agreements"]}
    assert {12} == {len(row["rungs"]) for row in found["agreements"]}
    assert f"aebench replay {golden} linear -f pytorch --dtype float64" == found["agreements"][0]["command"]


@pytest.mark.parametrize(
    "key",
    [
        "pytorch-tied-selu_for_elu", "pytorch-tied-decoder_bias_dropped", "pytorch-tied-dead_units_leak",
        "pytorch-tied-last_step_of_a_call_twice", "pytorch-tied-restored_with_half_of_the_moments",
        "pytorch-linear-drift", "pytorch-tied-array_missing",
    ],
)  # fmt: skip
def test_a_fault_is_found_where_the_ladder_finds_it(
    golden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    """Planted fault: in the framework that replays; its first place is the one that `aebench agree` names."""
    fault = FAULTS[key]
    monkeypatch.setattr(session, "climb_in", partial(climb_planted, key))
    found = {row["dtype"]: row["parting"] or "" for row in replayed(golden, tmp_path, fault.autoencoder)["agreements"]}
    for dtype, array in (("float64", fault.expect), ("float32", fault.expect_float32 or fault.expect)):
        unseen = getattr(fault, dtype)
        place = f"{fault.phase}, rung {fault.rung}, step "
        assert (not unseen, not unseen) == (found[dtype].startswith(place), f": {array}" in found[dtype]), found[dtype]


@pytest.mark.parametrize("name", registry.autoencoders())
def test_everything_that_a_climb_draws_is_held(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The streams that the ladder opens are those whose numbers a bundle holds, neither more nor fewer."""
    autoencoder = registry.autoencoder(name)
    if not registry.offers(ARBITER, name):
        pytest.skip(f"{name} comes from outside, and the reference has no network for it")
    small, data = narrow(autoencoder, load_data(autoencoder.dataset or "digits"))
    climb, seen = Climb(small, seed=3), set[tuple[int, str, int]]()
    begin = streams.Stream.__init__

    def heard(self: streams.Stream, seed: int, called: str, step: int) -> None:
        seen.add((seed, called, step))
        begin(self, seed, called, step)

    monkeypatch.setattr(streams.Stream, "__init__", heard)
    record(registry.framework(ARBITER), climb, data)
    climbed = seen.copy()
    seen.clear()
    drawn(climb, data)
    assert climbed == seen
    assert len(climbed) > 5


def _changed(member: str, array: str, to: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path, Path], Path]:
    """What packs the bundle anew, with a checksum that is right, and one array of a member another."""

    def change(path: Path, folder: Path) -> Path:
        content = load(contents(path)[member])
        content[array] = np.ascontiguousarray(to(content[array]))
        return repacked(path, folder / "other.zip", {member: save(content)}, listed=True)

    return change


def _a_bit(array: np.ndarray) -> np.ndarray:
    found = array.copy()
    found.reshape(-1).view(np.uint8)[0] ^= 1
    return found


@pytest.mark.parametrize(
    ("array", "to", "why"),
    [
        ("initial/encoder1.weight", _a_bit, "what is drawn here as initial/encoder1.weight is not what"),
        ("phase1/order", _a_bit, "what is drawn here as phase1/order is not what"),
        ("phase1/order", lambda a: a.astype(np.int32), "what is drawn here as phase1/order is not what"),
        ("phase1/state/encoder1.weight.first_moment", _a_bit, "what is drawn here as phase1/state/encoder1.weight"),
        ("initial/encoder1.weight", lambda a: a[:1], "initial/encoder1.weight is not as its specification says"),
        ("phase1/order", lambda a: a[:3], "phase1/order is not as its specification says"),
        ("more", None, "what is drawn here as more is not what"),
    ],
)
def test_who_is_fed_other_numbers_does_not_climb(golden: Path, tmp_path: Path, array: str, to: Any, why: str) -> None:
    """Planted fault: a bundle whose drawn numbers are not those that this machine draws."""
    member = "drawn/linear-seed0.safetensors"
    if to is None:
        content = {**load(contents(golden)[member]), array: np.zeros(3)}
        path = repacked(golden, tmp_path / "other.zip", {member: save(content)}, listed=True)
    else:
        path = _changed(member, array, to)(golden, tmp_path)
    found = replayed(path, tmp_path, "linear")
    assert ([], {"pytorch"}) == (found["agreements"], {row["framework"] for row in found["failures"]})
    assert all(why in row["failure"] for row in found["failures"]), found["failures"]


def _trace(autoencoder: str, key: str, spread: str) -> bytes:
    """A trace of one array, with its spread."""
    stated = {"format": "aebench-trace/1", "framework": "x", "autoencoder": autoencoder, "dtype": "float64"}
    spreads = f'{{"spreads": {{"{key}": [{spread}, 0.0]}}}}'
    return save({key: np.zeros(3)}, {**stated, "order": f'["{key}"]', "metadata": spreads})


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\x80\x04K\x01.", "is no trace"),
        (save({"a": np.zeros(3)}), "is no trace"),
        (save({"a": np.zeros(3)}, {"format": "aebench-trace/1", "framework": "x"}), "is no trace"),
        (_trace("linear", "a/b/0/c", "0.0"), "has a rung b, which no ladder of this aebench has"),
        (_trace("tied", "a/init/0/c", "0.0"), "is of another climb"),
        (_trace("linear", "a/init/0/c", '"x"'), "lacks its spreads"),
        (_trace("linear", "a/init/x/c", "0.0"), "is no trace"),
    ],
    # The bytes would be other ones in each process: the order of a header's entries is nobody's.
    ids=["a pickle", "arrays", "no array's order", "a rung", "another autoencoder", "spreads", "a step"],
)
def test_a_member_that_is_no_trace_is_refused(golden: Path, tmp_path: Path, content: bytes, why: str) -> None:
    """Planted fault: a pickle, or arrays of something else, with a checksum that is right."""
    member = "traces/linear-seed0-float64/reference.safetensors"
    path = repacked(golden, tmp_path / "other.zip", {member: content}, listed=True)
    with pytest.raises(ResultError, match=why) as caught:
        replayed(path, tmp_path, "linear")
    assert str(path) in str(caught.value)


PLACES = (Place("phase1", "init", 0, "a"), Place("phase1", "init", 0, "b"))
EVERY_RUNG = [Place("phase1", rung, 0, "total") for rung in RUNGS]
SPREADS: dict[str, list[object]] = {place.key: [0.0, 0.0] for place in PLACES}


@pytest.mark.parametrize(
    ("dtype", "spreads", "why"),
    [
        ("float64", SPREADS, None),
        ("float32", SPREADS, "is of another climb"),
        ("float64", {PLACES[0].key: [0.0, 0.0]}, "lacks its spreads"),
        ("float64", {**SPREADS, PLACES[1].key: [0.0, "x"]}, "lacks its spreads"),
        ("float64", {**SPREADS, PLACES[1].key: [0.0]}, "lacks its spreads"),
        ("float64", {**SPREADS, PLACES[1].key: [0.0, -1e-9]}, "lacks its spreads"),
        ("float64", {**SPREADS, PLACES[1].key: [math.nan, 0.0]}, "lacks its spreads"),
    ],
)
def test_a_trace_is_that_climb_s_with_every_spread(
    tmp_path: Path, dtype: str, spreads: dict[str, list[object]], why: str | None
) -> None:
    """Planted fault: the other dtype's trace, a spread that is not there, or one that is not two numbers."""
    archive = opened(placeholder(tmp_path / "it.zip"))
    (climb,) = archive.manifest.climbs
    places = [*PLACES, *EVERY_RUNG]
    spreads = {**{place.key: [0.0, 0.0] for place in EVERY_RUNG}, **spreads}
    Trace("x", "linear", dtype, dict.fromkeys(places, np.zeros(3)), {"spreads": spreads}).save(tmp_path / "trace")
    member = {climb.traces[ARBITER]: (tmp_path / "trace").read_bytes()}
    archive = opened(repacked(archive.path, tmp_path / "other.zip", member, listed=True))
    with pytest.raises(ResultError, match=why) if why else contextlib.nullcontext():
        bundled.unpack_trace(archive, climb, ARBITER, "mine", tmp_path / "to")
        assert "mine" == Trace.read(tmp_path / "to").framework


@pytest.mark.parametrize(
    ("rung", "name", "array", "why"),
    [
        ("forward", "codings", np.ones((4, 2)), None),
        ("extremes", "codings", np.full(3, np.inf), None),
        ("forward", "codings", np.ones((4, 2), np.float32), "forward/0/codings is of float32, and the"),
        ("losses", "total", np.array(np.nan), "losses/0/total holds numbers that are not finite"),
        ("init", "encoder1.weight", np.ones((3, 2)), None),
        ("init", "encoder1.weight", np.ones((2, 3)), r"init/0/encoder1.weight has shape \(2, 3\)"),
    ],
)  # fmt: skip
def test_a_reference_that_cannot_judge_is_refused(
    tmp_path: Path, rung: str, name: str, array: Array, why: str | None
) -> None:
    """Planted fault: in its trace, with a right checksum; the same in a subject's trace is what there is to judge."""
    archive, place = opened(placeholder(tmp_path / "it.zip", "pytorch")), Place("phase1", rung, 0, name)
    (climb,) = archive.manifest.climbs
    arrays = {**{it: np.zeros(3) for it in EVERY_RUNG}, place: array}
    spreads = {it.key: [0.0, 0.0] for it in arrays}
    Trace("x", "linear", "float64", arrays, {"spreads": spreads}).save(tmp_path / "trace")
    members = dict.fromkeys(climb.traces.values(), (tmp_path / "trace").read_bytes())
    archive = opened(repacked(archive.path, tmp_path / "other.zip", members, listed=True))
    bundled.unpack_trace(archive, climb, "pytorch", "mine", tmp_path / "to")
    with pytest.raises(ResultError, match=f"cannot judge: phase1/{why}") if why else contextlib.nullcontext():
        bundled.unpack_trace(archive, climb, ARBITER, "mine", tmp_path / "to")


@pytest.mark.parametrize("subject", ["pytorch", ARBITER])
@pytest.mark.parametrize("rung", RUNGS)
def test_a_trace_that_lacks_a_rung_is_refused(tmp_path: Path, rung: str, subject: str) -> None:
    """Planted fault: nothing of it, or an array without a number. Two that lack it would agree there."""
    for left in ({}, {Place("phase1", rung, 0, "total"): np.zeros((0, 3))}):
        archive = opened(placeholder(tmp_path / f"it{len(left)}.zip", "pytorch"))
        (climb,) = archive.manifest.climbs
        arrays = {**{it: np.zeros(3) for it in EVERY_RUNG if it.rung != rung}, **left}
        metadata = {"spreads": {it.key: [0.0, 0.0] for it in arrays}}
        Trace("x", "linear", "float64", arrays, metadata).save(tmp_path / "trace")
        members = dict.fromkeys(climb.traces.values(), (tmp_path / "trace").read_bytes())
        archive = opened(repacked(archive.path, tmp_path / f"other{len(left)}.zip", members, listed=True))
        with pytest.raises(ResultError, match=f"has nothing of phase1, rung {rung}"):
            bundled.unpack_trace(archive, climb, subject, "mine", tmp_path / "to")


@pytest.mark.parametrize(
    ("name", "to", "why"),
    [
        ("train/inputs", lambda a: a[:, 0], "data of curve are no data set .*inputs"),
        ("test/inputs", lambda a: a.astype(np.int64), "data of curve are no data set .*inputs"),
        ("train/labels", lambda a: np.zeros(len(a) - 1, np.int64), "data of curve are no data set .*labels"),
        ("train/labels", lambda a: np.zeros(len(a)), "data of curve are no data set .*labels"),
        (
            "train/inputs",
            lambda a: np.where(a == a.max(), np.nan, a),
            "train/inputs of curve hold numbers that are not",
        ),
    ],
)
def test_images_that_are_none_are_not_climbed(
    small: Path, tmp_path: Path, name: str, to: Callable[[Array], Array], why: str
) -> None:
    """Planted fault: in the data of a bundle, with a right checksum."""
    archive = opened(small)
    (climb, *_) = archive.manifest.climbs
    archive.unpack(climb.data, tmp_path / "data")
    arrays = load((tmp_path / "data").read_bytes())
    arrays[name] = to(arrays[f"{name.partition('/')[0]}/inputs"])
    (tmp_path / "data").write_bytes(save(arrays))
    with pytest.raises(ResultError, match=why):
        bundled.Unpacked(climb.dataset, tmp_path / "data", tmp_path / "drawn")._dataset()


def test_the_ladder_s_text_is_all_that_it_is_made_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its digest is of the ladder and of each module beside it that it imports: a change in any of them is seen."""
    folder = Path(bundled.__file__).parent
    imports = [node for node in ast.parse((folder / "ladder.py").read_text()).body if isinstance(node, ast.ImportFrom)]
    beside = {it.name for node in imports if node.module == "aebench.agreement" for it in node.names}
    beside |= {node.module.rpartition(".")[2] for node in imports if str(node.module).startswith("aebench.agreement.")}
    assert {"program", "rows"} < beside
    shutil.copytree(folder, tmp_path / "agreement")
    monkeypatch.setattr(bundled.resources, "files", lambda _: tmp_path / "agreement")
    seen = [bundled.ladder_text()]
    for name in ("ladder", *sorted(beside)):
        with (tmp_path / "agreement" / f"{name}.py").open("a") as file:
            file.write("# Another.\n")
        seen.append(bundled.ladder_text())
    assert len(beside) + 2 == len(set(seen))


def held_by(path: Path, **changes: Any) -> Path:
    """A bundle that says that it holds a climb of PyTorch's and the reference's, with something else in its manifest;
    data, drawn: the member's content."""
    members = {name: changes.pop(name) for name in ("data", "drawn") if name in changes}
    made = placeholder(path.with_name("made.zip"), "pytorch")
    return repacked(made, path, members, lambda manifest: manifest["climbs"][0].update(changes), listed=True)


@pytest.mark.parametrize("change", [{}, {"steps": 11}, {"data": b"more"}, {"drawn": b"more"}, {"seed": 1}], ids=str)
def test_climbs_are_the_same_where_all_that_they_are_fed_is(tmp_path: Path, change: dict[str, Any]) -> None:
    """Planted fault: another number of steps, other images, other draws, another seed."""
    from aebench.processes.probing import subject

    paths = held_by(tmp_path / "one.zip"), held_by(tmp_path / "other.zip", **change)
    names = [subject(f"pytorch@{path}") for path in paths]
    with pytest.raises(UsageError, match="do not hold the same climb") if change else contextlib.nullcontext():
        assert tuple(names) == tuple(of_subjects(names, (), ("float64",), "cpu").others)


def test_what_is_replayed_is_on_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The device, the steps, the bundles by their digests; who has climbed before comes before who climbs now."""
    from aebench.processes.probing import subject

    path = held_by(tmp_path / "it.zip", steps=7)
    held, digest = subject(f"pytorch@{path}"), opened(path).digest
    monkeypatch.setattr(replaying.registry, "framework", lambda _: None)  # nothing is computed: none has to be there
    monkeypatch.setattr(replaying, "subjects", lambda _: {"pytorch": Subject(framework="pytorch", version="2.0")})
    asked = of_subjects([held, "pytorch"], (), ("float64",), "gpu")
    found = replaying.conditions_of(asked, {})
    assert [ARBITER, held, "pytorch"] == list(found.subjects)
    assert [digest, digest, None] == [(it.settings or {}).get("bundle") for it in found.subjects.values()]
    (climb,) = asked.climbs()
    assert ("gpu", 7) == (replaying.taken(climb, asked.device).device, replaying.taken(climb, "gpu").steps)
    assert ["gpu"] * 3 == [asked.device, replaying.options_of(asked).device, found.device]
    row = {"autoencoder": "linear", "left": ARBITER, "right": "pytorch", "dtype": "float64"}
    assert replaying.command(asked, row).endswith(" -f pytorch --dtype float64 --device gpu")


def test_what_a_bundle_holds_is_a_subject(golden: Path, tmp_path: Path) -> None:
    """What PyTorch computed then beside what it computes now: the same bits on the machine that made the bundle."""
    names = (f"pytorch@{golden}", "pytorch")
    held = session.registry.bare(names[0]) + f"@{golden.name}"
    with pytest.raises(UsageError, match="holds no sparse; it holds linear, tied"):
        replay(_of(golden, "sparse"), tmp_path, Silent())
    found = replay(_of(golden, "linear"), tmp_path, Silent())
    pairs = {(row["left"], row["right"]): row for row in found["agreements"] if row["dtype"] == "float32"}
    assert {(ARBITER, "pytorch"), (ARBITER, held), ("pytorch", held)} == set(pairs)
    assert {0.0} == {rung["relative"] for rung in pairs["pytorch", held]["rungs"]}
    assert f"aebench agree linear -f pytorch,pytorch@{golden}" in pairs["pytorch", held]["command"]


def _of(path: Path, *autoencoders: str) -> Asked:
    """What is asked for by the subjects `pytorch` and the bundle's own."""
    from aebench.processes.probing import subject

    return of_subjects((subject(f"pytorch@{path}"), "pytorch"), autoencoders, ("float64", "float32"), "cpu")


def test_two_bundles_are_compared_where_they_hold_the_same_climbs(golden: Path, tmp_path: Path) -> None:
    """Two machines' computations beside each other, nothing climbed here; another climb is refused."""
    from aebench.processes.probing import subject

    twin, other = tmp_path / "twin.zip", tmp_path / "other.zip"
    twin.write_bytes(golden.read_bytes())
    _changed("drawn/tied-seed0.safetensors", "phase1/order", _a_bit)(golden, tmp_path)
    names = [subject(f"pytorch@{path}") for path in (golden, twin, other)]
    same = of_subjects(names[:2], (), ("float64",), "cpu")
    found = replay(same, tmp_path / "folder", Silent())
    assert {None} == {row["parting"] for row in found["agreements"]}
    assert 6 == len(found["agreements"])
    with pytest.raises(UsageError, match=r"do not hold the same climb of tied, seed 0, float64"):
        of_subjects([names[0], names[2]], (), ("float64",), "cpu")


def test_the_reference_of_a_bundle_judges_alone(golden: Path, tmp_path: Path) -> None:
    """It is not climbed again beside its own trace."""
    with pytest.raises(UsageError, match="holds the reference's traces, which judge"):
        replay(Asked(opened(golden), (ARBITER,)), tmp_path, Silent())


def test_what_is_narrow_has_more_than_one_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a sum is no mean: units, pixels, rows and steps of an epoch; large layers stay the larger ones."""
    assert [2, 2, 6, 9, 11, 16] == [bundled.fewer(units) for units in (3, 20, 150, 300, 500, 1000)]
    small, data = narrow(registry.autoencoder("variational"), load_data("digits"))
    assert (26, 60, 20, 30) == (data.n_inputs, len(data.train), len(data.test), small.phases[0].batch_size)
    assert [(26, 11), (11, 11), (11, 2)] == [(x.n_inputs, x.n_outputs) for x in small.layers[:3]]


@pytest.mark.parametrize("name", list(registry.autoencoders())[:12])
def test_what_is_narrow_has_bounds_of_many_draws(name: str) -> None:
    """Drawing is cheap there, and three draws of one number may all be small by chance."""
    autoencoder = registry.autoencoder(name)
    small, _ = narrow(autoencoder, load_data(autoencoder.dataset or "digits"))
    assert DRAWS_OF_SMALL == n_draws(sum(layer.n_values for layer in small.layers))

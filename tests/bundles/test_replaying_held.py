"""What is replayed, by whom, under which conditions, and what is left of it; nothing is climbed here."""

from __future__ import annotations

import contextlib
import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from examples import RUNG, conditions, inline
from packing import placeholder, repacked

from aebench import registry
from aebench.cli import main
from aebench.errors import FrameworkError, OtherClimbError, UnknownNameError, UsageError
from aebench.processes.events import Silent
from aebench.processes.probing import subject
from aebench.records import documents
from aebench.records.archive import opened
from aebench.records.conditions import Subject
from aebench.registry import ARBITER
from aebench.running import replaying
from aebench.running.options import DTYPES
from aebench.running.replaying import Asked, of_subjects, replay

FOUND = {"left": ARBITER, "right": "pytorch", "parting": None, "rungs": [RUNG], "arbiter": ARBITER}


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """No framework has to be there: none is started."""
    monkeypatch.setattr(registry, "version", lambda _: "2.0")


def climbs(manifest: dict[str, Any]) -> None:
    """Of `linear` in both dtypes and of `tied` in one, both from two seeds."""
    (climb,) = manifest["climbs"]
    tied = {**climb["specification"], "name": "tied"}
    manifest["climbs"] = [
        {**climb, "specification": what, "seed": seed, "dtype": dtype}
        for what, dtypes in ((climb["specification"], DTYPES), (tied, ("float64",)))
        for seed in (0, 5)
        for dtype in dtypes
    ]
    manifest["conditions"] |= {"schedule": "source", "data": {"curve": "efgh"}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A bundle of those climbs by PyTorch and the reference, in a place whose name has to be quoted."""
    (tmp_path / "a folder").mkdir()
    made = placeholder(tmp_path / "made.zip", "pytorch")
    return repacked(made, tmp_path / "a folder" / "it.zip", {}, climbs)


def of(path: Path, *autoencoders: str, **others: Any) -> Asked:
    """What PyTorch is asked to replay."""
    return Asked(opened(path), ("pytorch",), autoencoders, **others)


def test_only_what_is_asked_for_is_climbed(path: Path) -> None:
    """By its autoencoder and its dtype; where none is named all of them."""
    found = [climb.key for climb in of(path, "linear", dtypes=("float32",)).climbs()]
    assert [("linear", 0, "float32"), ("linear", 5, "float32")] == found
    assert 6 == len(of(path).climbs())


def test_what_is_asked_is_as_the_bundle_says(path: Path) -> None:
    """Its data set, its schedule and every seed, once; without a schedule the quick one."""
    asked = replaying.options_of(of(path))
    assert (("linear", "tied"), ("pytorch",), (0, 5)) == (asked.autoencoders, asked.frameworks, asked.seeds)
    assert ("curve", "source", "cpu") == (asked.dataset, asked.schedule, asked.device)
    other = repacked(path, path.with_name("other.zip"), {}, lambda it: it["conditions"].pop("schedule"))
    assert "quick" == replaying.options_of(of(other)).schedule


def test_a_subject_of_a_bundle_keeps_its_settings(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the bundle that it is of; its environment is that bundle, and the data are the bundle's."""

    def change(manifest: dict[str, Any]) -> None:
        manifest["conditions"]["subjects"]["pytorch"]["settings"] = {"threads": "7"}

    other = repacked(path, path.with_name("other.zip"), {}, change)
    monkeypatch.setattr(replaying, "subjects", lambda _: {"pytorch": Subject(framework="pytorch", version="2.0")})
    held = subject(f"pytorch@{other}")
    found = replaying.conditions_of(of_subjects((held, "pytorch"), ("linear",), DTYPES, "cpu"), {})
    assert {"threads": "7", "bundle": opened(other).digest} == found.subjects[held].settings
    assert [registry.environment(held), "here"] == [found.subjects[name].environment for name in (held, ARBITER)]
    assert ({"curve": "efgh"}, "source", ["linear"]) == (found.data, found.schedule, list(found.specifications or {}))


def test_the_reference_beside_a_bundle_is_not_climbed(path: Path) -> None:
    """Its trace is in the bundle."""
    held = subject(f"pytorch@{path}")
    found = of_subjects((ARBITER, held, "tensorflow"), (), DTYPES, "cpu")
    assert (("tensorflow",), [held]) == (found.frameworks, list(found.others))
    with pytest.raises(UsageError, match="holds the reference's traces, which judge; name another framework"):
        replay(Asked(opened(path), (f"{ARBITER}@old",)), path.parent, Silent())


def test_another_specification_is_another_climb(path: Path) -> None:
    """Planted fault: two bundles of one autoencoder, which learnt at another rate; the climb is named."""

    def change(manifest: dict[str, Any]) -> None:
        manifest["climbs"][-1]["specification"]["phases"][0]["optimizer"]["learning_rate"] = 0.5

    other = repacked(path, path.with_name("other.zip"), {}, change)
    names = [subject(f"pytorch@{it}") for it in (path, other)]
    with pytest.raises(OtherClimbError, match=r"other\.zip do not hold the same climb of tied, seed 5, float64, so"):
        of_subjects(names, (), DTYPES, "cpu")


def test_who_has_no_such_autoencoder_needs_no_trace_of_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: PyTorch without `tied`, of which its bundle holds the reference's trace alone; with it, it is missed."""

    def change(manifest: dict[str, Any]) -> None:
        for climb in manifest["climbs"][-2:]:
            del climb["traces"]["pytorch"]

    held = subject(f"pytorch@{repacked(path, path.with_name('other.zip'), {}, change)}")
    with pytest.raises(OtherClimbError, match="holds no trace of pytorch in tied, seed 0, float64; make the bundle"):
        of_subjects((held,), (), DTYPES, "cpu")
    monkeypatch.setattr(registry, "offers", lambda _, autoencoder: autoencoder == "linear")
    asked = of_subjects((held,), (), DTYPES, "cpu")
    assert [[ARBITER, held], [ARBITER]] == [
        list(replaying.kept(asked, climb)) for climb in (asked.climbs()[0], asked.climbs()[-1])
    ]
    assert [ARBITER] == list(replaying.kept(asked, asked.climbs()[0], among=["tensorflow"]))


def test_what_cannot_be_replayed_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An autoencoder that is not in the bundle, or not here; who is not installed, or has none of what it holds."""
    asked = of(path)
    with pytest.raises(UsageError, match=r"it\.zip holds no sparse; it holds linear, tied"):
        replay(of(path, "sparse"), path.parent, Silent())

    def change(manifest: dict[str, Any]) -> None:
        manifest["climbs"][-1]["specification"]["name"] = "linera"

    other = repacked(path, path.with_name("other.zip"), {}, change)
    with pytest.raises(UnknownNameError, match="did you mean 'linear'"):
        replay(of(other), path.parent, Silent())
    with monkeypatch.context() as patched:
        patched.setattr(registry, "offers", lambda *_: False)
        with pytest.raises(UsageError, match="no framework that is asked for has linear, tied"):
            replay(asked, path.parent, Silent())
    monkeypatch.setattr(registry, "version", lambda _: None)
    with pytest.raises(FrameworkError, match="pytorch is not installed here"):
        replay(asked, path.parent, Silent())


class Ascents:
    """Stands for climbs that are under way: they agree in each dtype, and TensorFlow did not climb."""

    def __init__(self, name: str, dtypes: list[str]) -> None:
        self.name, self.dtypes = name, dtypes

    def document(self, _: object) -> dict[str, Any]:
        """What was found."""
        rows = [{**FOUND, "autoencoder": self.name, "dtype": dtype} for dtype in self.dtypes]
        return {"autoencoder": self.name, "agreements": rows, "failures": {"tensorflow": "no such device"}}


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What was begun: autoencoder, seed and dtypes of the climbs, the folder, and who has climbed already."""
    found: list[tuple[Any, ...]] = []

    def begin(_: object, of: list[Any], source: Any, folder: Path, *, kept: list[dict[str, Any]]) -> Ascents:
        (name, seed), dtypes = {(it.autoencoder.name, it.seed) for it in of}.pop(), [it.dtype for it in of]
        found.append((name, seed, dtypes, folder.name, [list(it) for it in kept]))
        return Ascents(name, dtypes)

    @contextlib.contextmanager
    def lanes(processes: object) -> Iterator[object]:
        yield processes

    monkeypatch.setattr(replaying.session, "begin", begin)
    monkeypatch.setattr(replaying, "processes_of", inline)
    monkeypatch.setattr(replaying, "Lanes", lanes)
    monkeypatch.setattr(replaying, "subjects", lambda _: {})
    return found


def test_each_seed_is_climbed_in_a_folder_of_its_own(path: Path, tmp_path: Path, begun: list[Any]) -> None:
    """In all its dtypes at once, beside the trace of the reference."""
    replay(of(path), tmp_path / "to", Silent())
    both, one = [[ARBITER], [ARBITER]], [[ARBITER]]
    assert [
        ("linear", 0, [*DTYPES], "linear-seed0", both), ("linear", 5, [*DTYPES], "linear-seed5", both),
        ("tied", 0, ["float64"], "tied-seed0", one), ("tied", 5, ["float64"], "tied-seed5", one),
    ] == begun  # fmt: skip


def test_what_was_found_says_of_which_seed_and_what_shows_it_again(
    path: Path, tmp_path: Path, begun: list[Any]
) -> None:
    """Of agreements and failures; beside who climbed, in how many steps and which dtypes. It is a record."""
    found = replay(of(path, dtypes=("float64",)), tmp_path / "to", Silent())
    keys = [(name, seed) for name in ("linear", "tied") for seed in (0, 5)]
    assert keys == [(row["autoencoder"], row["seed"]) for row in found["agreements"]]
    failures = [(row["autoencoder"], row["framework"], row["failure"], row["seed"]) for row in found["failures"]]
    assert [(name, "tensorflow", "no such device", seed) for name, seed in keys] == failures
    assert {"steps": 10, "dtypes": ["float64"], "forced": False} == found["climbing"]
    assert (ARBITER, "pytorch") == found["options"]["frameworks"]
    again = ["aebench", "replay", str(path), "tied", "-f", "pytorch", "--dtype", "float64"]
    assert again == shlex.split(found["agreements"][-1]["command"])
    replaying.keep(found, tmp_path / "out")
    kept = documents.read(tmp_path / "out" / "agreements.json", "agreements")
    assert keys == [(row["autoencoder"], row["seed"]) for row in kept["agreements"]]


def test_who_is_of_a_bundle_is_said_to_have_climbed(path: Path, tmp_path: Path, begun: list[Any]) -> None:
    """A pair with it is shown again by `aebench agree`, another by the bundle alone."""
    held = subject(f"pytorch@{path}")
    asked = of_subjects((held, "tensorflow"), ("tied",), DTYPES, "cpu")
    found = replay(asked, tmp_path / "to", Silent())
    assert (ARBITER, "tensorflow", held) == found["options"]["frameworks"]
    assert [[[ARBITER, held]]] * 2 == [kept for *_, kept in begun]
    row = {"autoencoder": "tied", "left": ARBITER, "dtype": "float64"}
    assert ["aebench", "agree", "tied", "-f", f"pytorch@{path}", "--dtype", "float64"] == shlex.split(
        replaying.command(asked, {**row, "right": held})
    )
    start = shlex.split(replaying.command(asked, {**row, "right": "tensorflow"}))[:6]
    assert ["aebench", "replay", str(path), "tied", "-f", "tensorflow"] == start


def test_a_record_is_never_written_over(tmp_path: Path) -> None:
    """That of an earlier call stays as it is."""
    (tmp_path / "agreements.json").write_text("{}")
    with pytest.raises(UsageError, match=r"there is a .*agreements\.json already; choose another --output"):
        replaying.keep({"agreements": [], "conditions": conditions()}, tmp_path)
    assert {} == json.loads((tmp_path / "agreements.json").read_text())


def test_a_record_that_is_there_is_told_before_anything_is_climbed(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an hour found would not be shown, and kept nowhere."""
    monkeypatch.setattr(replaying, "replay", lambda *_: pytest.fail("it climbs"))
    (tmp_path / "agreements.json").write_text("{}")
    done = CliRunner().invoke(main, ["replay", str(path), "-f", "reference", "-o", str(tmp_path)])
    assert (2, True) == (done.exit_code, "agreements.json already" in done.output), done.output


def test_what_two_climbs_read_is_unpacked_once(path: Path, tmp_path: Path) -> None:
    """By its content: a second bundle in the same folder has its own, and a file that is there is not written again."""
    changed = repacked(path, tmp_path / "other.zip", {"data": b"more"}, listed=True)
    one, two = opened(path), opened(changed)
    first, second = (replaying.unpacked(it, it.manifest.climbs[0], tmp_path) for it in (one, two))
    assert (b"", b"more") == (first.data.read_bytes(), second.data.read_bytes())
    assert "curve" == first.name
    first.data.write_bytes(b"as it was left")
    assert b"as it was left" == replaying.unpacked(one, one.manifest.climbs[1], tmp_path).data.read_bytes()

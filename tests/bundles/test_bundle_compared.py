"""A bundle as base or head of a comparison: what was computed when it was made, and what is computed now."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from packing import placeholder, repacked

from aebench.agreement import session
from aebench.audit.climbs import climb_planted
from aebench.comparison import matrix
from aebench.comparison.comparing import Asked, Plan, compare, planned
from aebench.comparison.findings import again
from aebench.comparison.held import held
from aebench.comparison.parts import PARTS
from aebench.comparison.sides import side
from aebench.comparison.verdict import findings, status
from aebench.errors import OtherClimbError, UsageError
from aebench.processes.events import Silent
from aebench.records.comparisons import What
from aebench.registry import HERE
from aebench.running.options import Options

pytestmark = pytest.mark.usefixtures("alone")


def plan(base: str, head: str, *autoencoders: str, only: tuple[What, ...] = ("numbers",)) -> Plan:
    """What is compared of PyTorch."""
    return planned(Asked(side(base), side(head), Options(autoencoders, ()), ("pytorch",), only))


def test_what_has_not_changed_is_identical(golden: Path, tmp_path: Path) -> None:
    """Every climb of the bundle, each rung to the last bit, on the machine that made it; a second call climbs nothing,
    and the command that shows it again leaves out what the bundle says itself."""
    asked = plan(str(golden), HERE)
    found = compare(asked, tmp_path, Silent())
    assert {("linear", "identical"), ("tied", "identical")} == {(row.autoencoder, row.verdict) for row in found.numbers}
    assert (4, True, 0) == (len(found.numbers), found.complete, status(findings(found)))
    assert {12} == {len(row.rungs) for row in found.numbers}
    assert {0.0} == {rung.relative for row in found.numbers for rung in row.rungs}
    expected = f"aebench compare {golden} here tied -f pytorch --only numbers --all"
    assert expected == again(found, "pytorch", ["tied"], "numbers")
    assert found.numbers == compare(asked, tmp_path, Silent()).numbers


def test_what_parts_is_a_regression(golden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted fault: in the framework here; it parts where the fault is, and the command's status says so."""
    monkeypatch.setattr(session, "climb_in", partial(climb_planted, "pytorch-tied-decoder_bias_dropped"))
    found = compare(plan(str(golden), HERE, "tied"), tmp_path, Silent())
    assert {("float64", "parted"), ("float32", "parted")} == {(row.dtype, row.verdict) for row in found.numbers}
    assert all("rung gradients, step 0: decoder1.bias" in (row.parting or "") for row in found.numbers)
    assert 1 == status(findings(found))


@pytest.mark.parametrize(("there", "lacking"), [("float64", "float32"), ("float32", "float64")])
def test_a_bundle_needs_both_dtypes_to_be_a_side(tmp_path: Path, there: str, lacking: str) -> None:
    """Planted fault: it holds the climb in one of them; in both it is taken."""
    made = placeholder(tmp_path / "made.zip", "pytorch")

    def one(manifest: dict[str, Any]) -> None:
        manifest["climbs"][0]["dtype"] = there

    def both(manifest: dict[str, Any]) -> None:
        manifest["climbs"] += [{**manifest["climbs"][0], "dtype": "float32"}]

    whole = side(str(repacked(made, tmp_path / "whole.zip", {}, both)))
    half = side(str(repacked(made, tmp_path / "half.zip", {}, one)))
    arguments = ("numbers",), (f"pytorch@{whole.name}",), Options(("linear",), ())
    assert held(whole, side(HERE), *arguments) is not None
    with pytest.raises(UsageError, match=f"holds no climb of linear in {lacking}"):
        held(half, side(HERE), ("numbers",), (f"pytorch@{half.name}",), arguments[2])


def test_a_bundle_holds_numbers_alone(golden: Path) -> None:
    """Times and trainings are refused, and so is what it does not hold."""
    with pytest.raises(UsageError, match="holds numbers and no times: add --only numbers"):
        plan(str(golden), HERE, only=PARTS)
    with pytest.raises(UsageError, match="holds no sparse; it holds linear, tied"):
        plan(str(golden), HERE, "sparse")
    with pytest.raises(UsageError, match="are one environment"):
        plan(str(golden), str(golden))


def two_seeds(path: Path) -> Path:
    """A bundle with PyTorch's climbs of `linear` from two seeds, in both dtypes; its members hold nothing."""

    def change(manifest: dict[str, Any]) -> None:
        (climb,) = manifest["climbs"]
        pairs = ((seed, dtype) for seed in (0, 1) for dtype in ("float64", "float32"))
        manifest["climbs"] = [{**climb, "seed": seed, "dtype": dtype} for seed, dtype in pairs]

    return repacked(placeholder(path.with_name("made.zip"), "pytorch"), path, {}, change)


def test_seeds_that_are_not_compared_are_named(pytorch: None, tmp_path: Path) -> None:
    """A comparison climbs from the first seed of a bundle; what else it holds is said not to be compared."""
    path = two_seeds(tmp_path / "two.zip")
    (words,) = plan(str(path), HERE).left_out
    assert f"seed 1 of {path}; `aebench agree` compares all seeds" == words


def test_what_one_bundle_alone_holds_is_named(tmp_path: Path) -> None:
    """Head has climbed another autoencoder, too."""

    def more(manifest: dict[str, Any]) -> None:
        (other,) = json.loads(json.dumps(manifest["climbs"]))
        other["specification"]["name"] = "tied"
        manifest["climbs"].append(other)
        both_dtypes(manifest)

    base = repacked(placeholder(tmp_path / "a.zip", "pytorch"), tmp_path / "base.zip", {}, both_dtypes)
    head = repacked(placeholder(tmp_path / "b.zip", "pytorch"), tmp_path / "head.zip", {}, more)
    assert (f"tied, which {head} alone holds",) == plan(str(base), str(head)).left_out


def both_dtypes(manifest: dict[str, Any]) -> None:
    """Its climb in float32, too."""
    manifest["climbs"] += [{**climb, "dtype": "float32"} for climb in manifest["climbs"]]


def test_a_bundle_without_a_subject_s_trace_is_refused(pytorch: None, tmp_path: Path) -> None:
    """Planted fault: PyTorch has climbed in float64 alone; its other climb would be looked for in vain."""

    def change(manifest: dict[str, Any]) -> None:
        both_dtypes(manifest)
        manifest["climbs"][1]["traces"] = {"reference": manifest["climbs"][1]["traces"]["reference"]}

    path = repacked(placeholder(tmp_path / "made.zip", "pytorch"), tmp_path / "one.zip", {}, change)
    with pytest.raises(OtherClimbError, match=r"one.zip holds no trace of pytorch in linear, seed 0, float32"):
        plan(str(path), HERE)


def test_where_nothing_is_computed_no_device_is_asked_for(pytorch: None, tmp_path: Path) -> None:
    """Of two bundles; here something is."""
    one, two = (
        side(str(repacked(placeholder(tmp_path / f"{name}-made.zip", "pytorch"), tmp_path / name, {}, both_dtypes)))
        for name in ("one.zip", "two.zip")
    )
    options = Options((), (), device="gpu")
    with pytest.raises(UsageError, match="are bundles: nothing is computed here, so leave --device out"):
        held(one, two, ("numbers",), (f"pytorch@{one.name}", f"pytorch@{two.name}"), options)
    assert held(one, side(HERE), ("numbers",), (f"pytorch@{one.name}", "pytorch"), options) is not None


def test_a_head_that_holds_another_climb_is_its_own_column(pytorch: None, tmp_path: Path) -> None:
    """The other heads of a matrix stand."""

    def seeded(manifest: dict[str, Any]) -> None:
        both_dtypes(manifest)
        for climb in manifest["climbs"]:
            climb["seed"] = 7

    made = placeholder(tmp_path / "made.zip", "pytorch")
    base, other = (repacked(made, tmp_path / name, {}, change)
                   for name, change in (("base.zip", both_dtypes), ("other.zip", seeded)))  # fmt: skip
    asked = Asked(side(str(base)), side(str(base)), Options((), ()), ("pytorch",), ("numbers",))
    same, odd = matrix.planned(asked, [HERE, str(other)])
    assert (None, True) == (same.failure, "do not hold the same climb of linear, seed 0" in str(odd.failure))

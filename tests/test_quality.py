"""Quality over seeds, its table, baselines and the page of results."""

from __future__ import annotations

import io
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from examples import OPTIONS, conditions, trial
from rich.console import Console

from aebench import registry
from aebench.errors import ResultError, UsageError
from aebench.quality.equivalence import fewest_seeds, power_of_difference, power_of_equivalence
from aebench.quality.margins import MARGINS, margin
from aebench.quality.table import compared_pairs, rows
from aebench.records import baselines, documents
from aebench.report.page import write_page
from aebench.report.published import FIGURES
from aebench.report.quality import WIDTH, markdown, print_quality


def trials(left: list[float], right: list[float]) -> list[dict[str, Any]]:
    """Trials of both frameworks, seeds from 0."""
    sides = {"tensorflow": left, "pytorch": right}
    return [trial(name, seed, value) for name, values in sides.items() for seed, value in enumerate(values)]


def written(folder: Path, found: list[dict[str, Any]], **options: Any) -> Path:
    """A run's folder with these trials."""
    document = {"options": {**OPTIONS, **options}, "conditions": conditions(), "complete": True, "trials": found}
    documents.write(folder / "result.json", "run", {**document, "agreements": [], "failures": []})
    return folder


def text(found: list[dict[str, Any]]) -> str:
    """The printed table."""
    out = io.StringIO()
    print_quality(rows(found), Console(file=out, width=WIDTH))
    return out.getvalue()


@pytest.mark.parametrize(
    ("right", "expected"),
    [
        ([0.0100, 0.0101, 0.0099], "equivalent"), ([0.0130, 0.0131, 0.0129], "different"),
        ([0.0090, 0.0110, 0.0105], "undecided ("),
    ],
)  # fmt: skip
def test_the_table_says_what_the_seeds_show(right: list[float], expected: str) -> None:
    """5 % of the mean is the margin of an MSE."""
    line = next(line for line in text(trials([0.0100, 0.0101, 0.0100], right)).splitlines() if "test_mse" in line)
    assert expected in line


def test_the_table_says_how_many_seeds_see_a_difference_as_large_as_the_margin() -> None:
    """Margin, seeds and verdict stand side by side; with one seed nothing is known of it."""
    seen = fewest_seeds(lambda n: power_of_difference(n, deviation=0.002, difference=0.05 * 0.01))
    decided = fewest_seeds(lambda n: power_of_equivalence(n, deviation=0.002, margin=0.05 * 0.01))
    assert seen != decided
    cases = {
        ("0.0005", str(seen), f"undecided ({decided})"): ([0.010, 0.012, 0.008], [0.01, 0.01, 0.01]),
        ("2.3", "over 10,000", "undecided (over 10,000)"): ([1.0, 90.0], [90.0, 1.0]),
        ("0.0005", "–", "undecided"): ([0.01], [0.01]),
    }
    for expected, found in cases.items():
        (line,) = (line for line in text(trials(*found)).splitlines() if "test_mse" in line)
        assert list(expected) == re.split(r"\s{2,}", line.strip())[-3:]


def test_a_line_of_several_names_its_pair() -> None:
    """Three frameworks beside the reference are three pairs, printed below their metric, in a column on the page."""
    found = [*trials([1.0, 2.0], [1.0, 2.0]), *(trial(name, 0, 1.5) for name in ("jax", "reference"))]
    pairs = ["tensorflow – pytorch", "tensorflow – jax", "pytorch – jax"]
    printed = text(found).splitlines()
    (first,) = (number for number, line in enumerate(printed) if "test_mse" in line)
    assert pairs == [re.split(r"\s{2,}", line.strip())[0] for line in printed[first + 1 : first + 4]]
    assert "squared intensity" in printed[first]
    head, _, *lines = (line.split(" | ") for line in markdown(rows(found)))
    assert pairs == [line[head.index("pair")] for line in lines]


def test_a_single_pair_is_named_by_the_columns() -> None:
    """One line a metric, values and comparison in it."""
    found = trials([1.0, 2.0], [1.0, 2.0])
    (line,) = (line for line in text(found).splitlines() if "test_mse" in line)
    assert "equivalent" in line
    assert not any("tensorflow – pytorch" in shown for shown in (text(found), *markdown(rows(found))))


def test_only_common_seeds_are_compared() -> None:
    """A failed training leaves its seed out of the comparison, not out of the other framework's mean."""
    found = trials([1.0, 2.0, 9.0], [1.0, 2.0])
    found.append({"autoencoder": "tied", "framework": "pytorch", "seed": 2, "failure": "lost"})
    (row,) = rows(found)
    assert (2, 0.0) == (row.pairs[0].equivalence.n, row.pairs[0].equivalence.difference)
    assert (4.0, 1.5) == (row.values["tensorflow"].mean, row.values["pytorch"].mean)


def test_a_metric_that_is_not_a_number_is_shown_with_its_seed() -> None:
    """NaN is not averaged away."""
    assert "not a number: seed 1" in text(trials([1.0, float("nan")], [1.0, 1.0]))


def test_the_reference_is_compared_only_with_a_single_framework() -> None:
    """It arbitrates; the question is whether frameworks end alike."""
    assert [("tensorflow", "pytorch")] == compared_pairs(["reference", "tensorflow", "pytorch"])
    assert [("reference", "pytorch")] == compared_pairs(["reference", "pytorch"])
    assert [] == compared_pairs(["pytorch"])


def test_every_published_metric_has_a_margin_and_every_margin_a_reason() -> None:
    """Names as they come out of a trial find their margin."""
    names = [f.term for f in FIGURES if not f.phase] + ["frozen_100.accuracy_gain", "importance_weighted_bound_5000"]
    names += ["train_latent", "test_total", "sparsity", "mse_over_pca", "test_mse_from_noisy", "units_in_band"]
    assert [n for n in names if margin(n).value <= 0] == []
    assert [name for name, found in MARGINS.items() if len(found.reason) < 10] == []
    assert {f.autoencoder for f in FIGURES} <= set(registry.autoencoders())


def test_accepting_keeps_other_autoencoders_and_the_history(tmp_path: Path) -> None:
    """A second acceptance replaces the autoencoder it holds, keeps the rest, and adds its reason."""
    other = [{**t, "autoencoder": "stacked"} for t in trials([1.0], [2.0])]
    first = written(tmp_path / "one", trials([1.0, 1.0], [1.0, 1.0]) + other)
    path = baselines.accept([first], reason="first", folder=tmp_path / "results" / "baselines")
    assert "mnist-source-float32-cpu.json" == path.name
    second = written(tmp_path / "two", trials([3.0], [4.0]))
    baselines.accept([second], reason="second", folder=path.parent)
    kept = documents.read(path, "baseline")
    assert ["first", "second"] == [entry["reason"] for entry in kept["history"]]
    values = [(t["autoencoder"], t["metrics"]["test_mse"]["value"]) for t in baselines.trials_of(path)]
    assert [("stacked", 1.0), ("stacked", 2.0), ("tied", 3.0), ("tied", 4.0)] == values
    assert {"epoch": [1, 2, 3, 4], "reconstruction": [12.0, 9.0, 6.0, 3.0]} == kept["trials"][2]["curves"]["phase1"]


def test_what_failed_is_no_baseline(tmp_path: Path) -> None:
    """A failed trial, a metric that is not a number, runs of two kinds and a run without trials are refused."""
    failed = [*trials([1.0], []), {"autoencoder": "tied", "framework": "pytorch", "seed": 0, "failure": "lost"}]
    invalid = [trial("pytorch", 0, float("nan"), invalid={"test_mse": "test_mse is nan: why"})]
    for found, message in (
        (failed, "lost; what failed or parts is no baseline"),
        (invalid, "test_mse is nan"),
        ([], "no finished trial"),
    ):
        with pytest.raises(UsageError, match=message):
            baselines.accept([written(tmp_path / "run", found)], reason="x", folder=tmp_path)
    runs = [written(tmp_path / p, trials([1.0], [1.0]), schedule=p) for p in ("quick", "source")]
    with pytest.raises(UsageError, match="they differ"):
        baselines.accept(runs, reason="x", folder=tmp_path)
    assert list(tmp_path.glob("*.json")) == []


def test_a_baseline_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    """The message says what to do, and the file stays as it was."""
    path = baselines.accept([written(tmp_path / "run", trials([1.0], [1.0]))], reason="x", folder=tmp_path)
    before = path.read_text(encoding="utf-8").replace("aebench-baseline/2", "aebench-baseline/7")
    path.write_text(before, encoding="utf-8")
    with pytest.raises(ResultError, match=r"baseline/7, expected aebench-baseline/2.*upgrade aebench"):
        baselines.accept([tmp_path / "run"], reason="x", folder=tmp_path)
    assert before == path.read_text(encoding="utf-8")


def test_the_command_of_a_run_gives_its_options_back() -> None:
    """What a baseline shows as its command is what a reader can type."""
    expected = (
        "aebench run tied -d mnist -p source -f tensorflow,pytorch -s 0,1,2 --importance-samples 50 --no-agreement"
    )
    assert expected == baselines.command(OPTIONS)


def test_the_page_sets_ours_beside_the_published(tmp_path: Path) -> None:
    """The last four epochs' means over the seeds, the range at the end, the verdict, the command and the counts."""
    run = written(tmp_path / "run", trials([0.010, 0.012], [0.010, 0.012]))
    baselines.accept([run], reason="first baseline", folder=tmp_path / "baselines")
    page = write_page(tmp_path).read_text(encoding="utf-8")
    line = next(line for line in page.splitlines() if "0.0151 0.0165" in line)
    assert "| 0.0440 0.0330 0.0220 0.0110 (0.0100 to 0.0120) |" in line
    assert "2 in each framework for `tied`" in page
    assert "`aebench run tied -d mnist" in page
    assert "first baseline (a processor, 2 cores; tensorflow 1.0, pytorch 1.0)" in page
    assert (
        "| `test_mse` | squared intensity | 0.011 ± 0.013 | 0.011 ± 0.013 | +0 | +0 … +0 | 0.00055 | 2 | equivalent |"
        in page
    )
    assert "| 90 % interval | margin | seeds to see | verdict |" in page


def test_the_page_is_the_same_for_the_same_baselines(tmp_path: Path) -> None:
    """Generated anew from the committed baselines, the committed page comes out: it was not edited by hand."""
    folder = Path(__file__).parents[1] / "results"
    shutil.copytree(folder / "baselines", tmp_path / "baselines")
    assert (folder / "README.md").read_text(encoding="utf-8") == write_page(tmp_path).read_text(encoding="utf-8")

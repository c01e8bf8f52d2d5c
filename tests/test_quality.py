"""Quality over seeds, its table, baselines and the page of results."""

from __future__ import annotations

import dataclasses
import io
import math
import re
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from examples import OPTIONS, conditions, trial
from rich.console import Console
from rich.text import Text

from aebench import registry
from aebench.comparison.accepting import accept
from aebench.errors import ResultError, UsageError
from aebench.measures import Margin
from aebench.quality.equivalence import LEVEL
from aebench.quality.margins import MARGINS, margin
from aebench.quality.table import compared_pairs, rows
from aebench.records import baselines, documents
from aebench.report.page import write_page
from aebench.report.published import FIGURES
from aebench.report.quality import WIDTH, markdown, print_quality
from aebench.report.summary import print_run
from aebench.training.metrics import BAND


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


def line_of(metric: str, found: list[dict[str, Any]]) -> list[str]:
    """The cells of the metric's line in the printed table."""
    (line,) = (line for line in text(found).splitlines() if line.strip().startswith(metric))
    return re.split(r"\s{2,}", line.strip())


@pytest.mark.parametrize(
    ("right", "expected"),
    [
        ([0.0100, 0.0101, 0.0099], "equivalent"), ([0.0130, 0.0131, 0.0129], "different (p 0.0001)"),
        ([0.0090, 0.0110, 0.0105], "undecided ("),
    ],
)  # fmt: skip
def test_the_table_says_what_the_seeds_show(right: list[float], expected: str) -> None:
    """5 % of the mean is the margin of an MSE."""
    assert line_of("test_mse", trials([0.0100, 0.0101, 0.0100], right))[-1].startswith(expected)


def test_the_table_says_how_many_seeds_its_verdicts_take() -> None:
    """Margin, seeds and verdict stand side by side; where no spread has been seen nothing is known of them."""
    (pair,) = next(row for row in rows(trials([0.010, 0.012, 0.008], [0.01, 0.01, 0.01]))).pairs
    expected = [str(pair.seeds_to_see), f"undecided ({pair.comparison.seeds_to_decide})"]
    assert ["5 %", *expected] == line_of("test_mse", trials([0.010, 0.012, 0.008], [0.01, 0.01, 0.01]))[-3:]
    assert ["5 %", "–", "undecided"] == line_of("test_mse", trials([0.01], [0.01]))[-3:]
    assert "spread unknown" in line_of("test_mse", trials([0.02, 0.02], [0.01, 0.01]))
    far = trials([1.0, 90.0], [90.0, 1.0])
    for document in far:
        document["metrics"] = {
            "principal_angle": {"value": 1e9 * document["metrics"]["test_mse"]["value"], "unit": "°"}
        }
    assert ["1", "over 10,000", "undecided (over 10,000)"] == line_of("principal_angle", far)[-3:]


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
    assert "equivalent" == line_of("test_mse", found)[-1]
    assert not any("tensorflow – pytorch" in shown for shown in (text(found), *markdown(rows(found))))


@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.parametrize("colour", [False, True])
def test_no_number_is_cut(width: int, colour: bool) -> None:
    """On a screen of any width, in colour or not, each cell of the wide table stands in one line, whole."""
    paths = sorted((Path(__file__).parents[1] / "results" / "baselines").glob("*.json"))
    found = rows([t for path in paths for t in baselines.trials_of(path)])
    out = io.StringIO()
    print_quality(found, Console(file=out, width=width, force_terminal=colour, highlight=False))
    plain = Text.from_ansi(out.getvalue()).plain
    assert "…  " not in plain
    assert max(map(len, plain.splitlines())) <= width
    cells = {cell for line in markdown(found) for cell in line.strip("| ").split(" | ") if cell[:1].isdigit()}
    assert set() == {cell for cell in cells if not any(cell in line for line in plain.splitlines())}


def test_the_verdict_comes_first() -> None:
    """One sentence of what was found over how many seeds, then a line for what differs, before any table."""
    first, second, *_ = text(trials([0.0100, 0.0101, 0.0100], [0.0130, 0.0131, 0.0129])).splitlines()
    verdicts = "1 comparison: 1 different, none equivalent, none undecided."
    assert f"Quality of tensorflow and pytorch over 3 seeds, {verdicts}" == first
    assert second.startswith("tied, test_mse: tensorflow 0.010033 ± 0.00014, pytorch 0.013 ± 0.00025: -26 %")
    assert "Quality of pytorch: nothing to compare." in text([trial("pytorch", 0, 1.0)])


def leaping(framework: str, seed: int, *, leaps: bool) -> dict[str, Any]:
    """A trial that ends at an error of 1 + seed / 100, or leaps to a hundred times that."""
    errors = (1.0, 0.5, 100.0 if leaps else 0.4)
    history = [{"epoch": n, "test_mse": error} for n, error in enumerate(errors, 1)]
    return trial(framework, seed, (100 if leaps else 1) + seed / 100, history={"phase1": history})


def test_what_leaps_is_counted_and_not_averaged() -> None:
    """Seeds 0 and 1 leap in TensorFlow, 1 and 2 in PyTorch: the error is compared at seeds 3 to 5."""
    sides = {"tensorflow": (0, 1), "pytorch": (1, 2)}
    found = [leaping(name, seed, leaps=seed in those) for name, those in sides.items() for seed in range(6)]
    leaps, error = rows(found)
    assert ("leaps", 2, 2) == (leaps.metric, *(value.count for value in leaps.values.values()))
    assert (6, 1, 1) == (leaps.pairs[0].comparison.n, leaps.pairs[0].comparison.left, leaps.pairs[0].comparison.right)
    assert (3, 0.0) == (error.pairs[0].comparison.n, error.pairs[0].comparison.difference)
    assert {"tensorflow": [2, 3, 4, 5], "pytorch": [0, 3, 4, 5]} == {
        k: list(v.by_seed) for k, v in error.values.items()
    }
    assert "2 of 6 (4 to 78 %)" in line_of("leaps", found)
    assert any(cell.endswith("(4 seeds)") for cell in line_of("test_mse", found))


def test_what_ends_in_no_number_is_not_counted_as_a_leap() -> None:
    """Its metric is invalid at that seed, and the share of leaps is over the others."""
    found = [leaping("pytorch", seed, leaps=seed == 0) for seed in range(3)]
    lost = leaping("pytorch", 3, leaps=False)
    lost["metrics"]["test_mse"]["value"] = lost["history"]["phase1"][-1]["test_mse"] = math.nan
    leaps, error = rows([*found, lost])
    assert {0: True, 1: False, 2: False} == leaps.values["pytorch"].by_seed
    assert ((3,), (0,)) == (error.values["pytorch"].invalid, error.values["pytorch"].leapt)
    assert ["test_mse"] == [row.metric for row in rows([*found[1:], lost])]


def test_the_summary_of_a_run_counts_what_leapt() -> None:
    """In its one number, too, a leap is counted and not averaged; a training alone keeps its number, marked."""
    found = [leaping("pytorch", seed, leaps=seed == 0) for seed in range(3)]
    found += [leaping("tensorflow", 0, leaps=True), trial("reference", 0, 1.0, metrics={})]
    out = io.StringIO()
    options = {**OPTIONS, "frameworks": ["reference", "tensorflow", "pytorch"]}
    document = {"options": options, "complete": True, "agreements": [], "failures": [], "trials": found}
    print_run(document, Console(file=out, width=WIDTH))
    (line,) = (line for line in out.getvalue().splitlines() if line.startswith("tied"))
    assert ["–", "100 (leapt)", "1.015 (1 leapt)"] == re.split(r"\s{2,}", line.strip())[2:5]


def test_frameworks_that_leap_at_different_rates_are_different() -> None:
    """Ten of ten against none of ten, and nothing left to compare of the error; one leap shows nothing."""
    found = [leaping(name, seed, leaps=name == "pytorch") for name in ("tensorflow", "pytorch") for seed in range(10)]
    leaps, error = rows(found)
    assert ("different", 2 / 2**10) == (leaps.pairs[0].verdict, leaps.pairs[0].p)
    assert () == error.pairs
    assert "all leapt" in line_of("test_mse", found)
    once = [
        leaping(n, seed, leaps=(n, seed) == ("pytorch", 3)) for n in ("tensorflow", "pytorch") for seed in range(10)
    ]
    assert "undecided" == rows(once)[0].pairs[0].verdict


def test_formulas_of_different_versions_are_not_compared() -> None:
    """A metric whose formula changed is another metric; a record that names none has the first."""
    old, new = trials([1.0, 2.0], []), trials([], [1.0, 2.0])
    for document in new:
        document["metrics"]["test_mse"]["version"] = 2
    found = rows([*old, *new])
    assert [("test_mse", 1, ()), ("test_mse", 2, ())] == [(row.metric, row.version, row.pairs) for row in found]
    expected = "tied, test_mse: not compared between formulas (version 1 in tensorflow; version 2 in pytorch)"
    assert expected in text([*old, *new])
    for document in old:
        document["metrics"]["test_mse"]["version"] = 2
    assert [(2, "equivalent")] == [(row.version, row.pairs[0].verdict) for row in rows([*old, *new])]


def test_the_verdicts_of_a_call_share_their_level() -> None:
    """A difference that a metric alone would show is undecided among fifty."""
    alone = trials([0.0100, 0.0101, 0.0100], [0.0120, 0.0126, 0.0118])
    assert ["different"] == [pair.verdict for row in rows(alone) for pair in row.pairs]
    among = [
        {**document, "metrics": {**document["metrics"], **{
            f"importance_weighted_bound_{n}": {"value": float(n), "unit": "nats"} for n in range(1, 50)
        }}}
        for document in alone
    ]  # fmt: skip
    expected = rows(alone)[0].pairs[0].comparison.seeds_to_see(LEVEL / 50)
    assert [expected] == [row.pairs[0].seeds_to_see for row in rows(among) if row.metric == "test_mse"]
    verdicts = {row.metric: row.pairs[0].verdict for row in rows(among)}
    assert (50, "undecided") == (len(verdicts), verdicts["test_mse"])


def test_a_metric_without_a_margin_says_so() -> None:
    """Nobody knows how far apart `roughness` may lie: difference and interval are shown, and no verdict."""
    found = trials([1.0, 2.0], [1.0, 2.5])
    for document in found:
        document["metrics"] = {"roughness": document["metrics"]["test_mse"]}
    assert ["–", "–", "no margin"] == line_of("roughness", found)[-3:]
    assert "1 without a margin" in text(found)


def test_a_specification_states_the_margin_of_its_own_metric(monkeypatch: pytest.MonkeyPatch) -> None:
    """With it there is a verdict; a metric that has a margin here may have another one there."""
    tied = registry.autoencoder("tied")
    margins = (("roughness", Margin(10.0, "for a test")), ("test_mse", Margin(9.0, "for a test")))
    own = dataclasses.replace(tied, measures=dataclasses.replace(tied.measures, margins=margins))
    monkeypatch.setattr(registry, "autoencoders", lambda: {"tied": own})
    found = trials([1.0, 2.0, 3.0], [1.1, 2.0, 3.1])
    for document in found:
        document["metrics"]["roughness"] = document["metrics"]["test_mse"]
    assert [("test_mse", 9.0), ("roughness", 10.0)] == [(row.metric, row.margin.value) for row in rows(found)]
    assert ["equivalent", "equivalent"] == [row.pairs[0].verdict for row in rows(found)]


def test_an_autoencoder_that_is_not_installed_here_is_shown_last() -> None:
    """The record of a package that is gone is still a record."""
    found = [{**t, "autoencoder": "elsewhere"} for t in trials([1.0], [1.0])] + trials([1.0], [1.0])
    assert ["tied", "elsewhere"] == [row.autoencoder for row in rows(found)]


def test_only_common_seeds_are_compared() -> None:
    """A failed training leaves its seed out of the comparison, not out of the other framework's mean."""
    found = trials([1.0, 2.0, 9.0], [1.0, 2.0])
    found.append({"autoencoder": "tied", "framework": "pytorch", "seed": 2, "failure": "lost"})
    (row,) = rows(found)
    assert (2, 0.0) == (row.pairs[0].comparison.n, row.pairs[0].comparison.difference)
    assert (4.0, 1.5) == (row.values["tensorflow"].mean, row.values["pytorch"].mean)


def test_a_metric_that_is_not_a_number_is_shown_with_its_seed() -> None:
    """NaN is not averaged away."""
    assert "not a number: seed 1" in text(trials([1.0, float("nan")], [1.0, 1.0]))


def test_the_reference_is_compared_only_with_a_single_framework() -> None:
    """It arbitrates; the question is whether frameworks end alike."""
    assert [("tensorflow", "pytorch")] == compared_pairs(["reference", "tensorflow", "pytorch"])
    assert [("reference", "pytorch")] == compared_pairs(["reference", "pytorch"])
    assert [] == compared_pairs(["pytorch"])


def test_every_metric_on_record_has_a_margin_and_every_margin_a_reason() -> None:
    """Names as they come out of a trial find their margin; others have none, unless the specification states it."""
    paths = sorted((Path(__file__).parents[1] / "results" / "baselines").glob("*.json"))
    names = {name for path in paths for t in baselines.trials_of(path) for name in t["metrics"]}
    assert set() == {name for name in names if margin(name) is None}
    assert [] == [name for name, found in MARGINS.items() if len(found.reason) < 10]
    own = Margin(0.5, "for a test")
    assert [None, own, own] == [margin("roughness"), margin("a.roughness_7", [("roughness", own)]),
                                margin("test_mse", [("test_mse", own)])]  # fmt: skip


def test_what_margins_say_of_figures_is_so() -> None:
    """Reasons that name a number are held against what they speak of."""
    series = [f.values for f in FIGURES if f.kind == "epochs" and f.term == "reconstruction"]
    changes = [abs(later / one - 1) for values in series for one, later in pairwise(values[1:])]
    assert MARGINS["test_mse"].value == pytest.approx(np.median(changes), rel=0.25)
    (spread,) = (f.values for f in FIGURES if f.term == "sparsity")
    assert (0.08, 0.45, "0.37") == (*spread, f"{spread[1] - spread[0]:.2f}")
    assert "0.37 nats apart, from 0.08 to 0.45" in MARGINS["sparsity"].reason
    assert MARGINS["test_accuracy"].value == pytest.approx(2 * math.sqrt(0.94 * 0.06 / 10_000), rel=0.1)
    assert "0.017" in MARGINS["principal_angle"].reason
    assert "0.017" == f"{math.radians(MARGINS['principal_angle'].value):.3f}"
    target = next(phase.sparsity.target for phase in registry.autoencoder("sparse").phases if phase.sparsity)
    assert target / 10 == pytest.approx(MARGINS["mean_activation"].value)
    assert MARGINS["largest_deviation_from_target"].value == BAND


def test_accepting_keeps_other_autoencoders_and_the_history(tmp_path: Path) -> None:
    """A second acceptance replaces the autoencoder it holds, keeps the rest, and adds its reason."""
    other = [{**t, "autoencoder": "stacked"} for t in trials([1.0], [2.0])]
    first = written(tmp_path / "one", trials([1.0, 1.0], [1.0, 1.0]) + other)
    path = accept([first], reason="first", folder=tmp_path / "results").baseline
    assert "mnist-source-float32-cpu.json" == path.name
    second = written(tmp_path / "two", trials([3.0], [4.0]))
    accept([second], reason="second", folder=path.parents[1])
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
        ([trial("pytorch", 0, math.inf)], "seed 0: test_mse is inf; what failed"),
        ([trial("pytorch@old", 0, 1.0)], "pytorch@old, seed 0: it is of another environment"),
        ([trial("pytorch", 0, 1.0), {**trial("pytorch", 1, 1.0), "metrics": {}}], "seed 1: another seed has test_mse"),
        ([], "no finished trial"),
    ):
        with pytest.raises(UsageError, match=message):
            accept([written(tmp_path / "run", found)], reason="x", folder=tmp_path)
    runs = [written(tmp_path / p, trials([1.0], [1.0]), schedule=p) for p in ("quick", "source")]
    with pytest.raises(UsageError, match="they differ"):
        accept(runs, reason="x", folder=tmp_path)
    assert list(tmp_path.glob("baselines/*.json")) == []


def test_a_baseline_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    """The message says what to do, and the file stays as it was."""
    path = accept([written(tmp_path / "run", trials([1.0], [1.0]))], reason="x", folder=tmp_path).baseline
    before = path.read_text(encoding="utf-8").replace("aebench-baseline/2", "aebench-baseline/7")
    path.write_text(before, encoding="utf-8")
    with pytest.raises(ResultError, match=r"baseline/7, expected aebench-baseline/2.*upgrade aebench"):
        accept([tmp_path / "run"], reason="x", folder=tmp_path)
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
    accept([run], reason="first baseline", folder=tmp_path)
    page = write_page(tmp_path).read_text(encoding="utf-8")
    line = next(line for line in page.splitlines() if "0.0151 0.0165" in line)
    assert "| 0.0440 0.0330 0.0220 0.0110 (0.0100 to 0.0120) |" in line
    assert "2 in each framework for `tied`" in page
    assert "`aebench run tied -d mnist" in page
    assert "first baseline (a processor, 2 cores; tensorflow 1.0, pytorch 1.0)" in page
    assert (
        "| `test_mse` | squared intensity | 0.011 ± 0.013 | 0.011 ± 0.013 | +0 % | +0 … +0 % | 5 % | 6 | equivalent |"
        in page
    )
    assert "| 90 % interval | margin | seeds to see | verdict |" in page


def test_the_page_is_the_same_for_the_same_baselines(tmp_path: Path) -> None:
    """Generated anew from the committed baselines, the committed page comes out: it was not edited by hand."""
    folder = Path(__file__).parents[1] / "results"
    shutil.copytree(folder / "baselines", tmp_path / "baselines")
    assert (folder / "README.md").read_text(encoding="utf-8") == write_page(tmp_path).read_text(encoding="utf-8")

"""The page's sentences about data: each is made from what is on record, and says what that says."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import pytest

from aebench import registry
from aebench.quality import leaps
from aebench.records import baselines
from aebench.report import page
from aebench.report.notes import notes
from aebench.report.published import FIGURES, Published

BASELINE = next((Path(__file__).parents[2] / "results" / "baselines").glob("mnist-*.json"))


def training(framework: str, seed: int, *errors: float) -> dict[str, Any]:
    """A trial as a baseline keeps it."""
    curve = {"epoch": [float(n) for n in range(1, len(errors) + 1)], "test_mse": list(errors)}
    return {"autoencoder": "tied", "framework": framework, "seed": seed, "curves": {"phase1": curve}}


def test_leaps_by_hand() -> None:
    """Seed 0 leaps in both frameworks, seed 1 in one, seed 2 in none."""
    trials = [
        training("a", 0, 1.0, 0.5, 50.0, 2.0), training("b", 0, 1.0, 0.5, 0.4, 80.0),
        training("a", 1, 1.0, 0.5, 0.4, 0.3), training("b", 1, 1.0, 99.0, 4.0, 3.0),
        training("a", 2, 1.0, 0.5, 0.4, 0.25), training("b", 2, 1.0, 0.5, 0.4, 0.25),
    ]  # fmt: skip
    expected = (
        "Trainings leap: 1 of 3 in a, 2 of 3 in b. At 1 of the 3 seeds they do in some of the frameworks only. "
        "The first leap comes after epochs 2 to 4; "
        "the trainings that leapt end at a test MSE of 2 to 80, the others at 0.25 to 0.3."
    )
    assert [expected] == list(notes(registry.autoencoder("tied"), trials))


def test_where_all_leap_there_are_no_others() -> None:
    """One framework, one training, one epoch."""
    expected = (
        "Trainings leap: 1 of 1 in a. The first leap comes after epoch 2; "
        "the trainings that leapt end at a test MSE of 20, and there are no others."
    )
    assert [expected] == list(notes(registry.autoencoder("tied"), [training("a", 0, 1.0, 20.0)]))


def test_what_ends_in_no_number_is_no_end() -> None:
    """It did not leap, and is in no range of the others."""
    trials = [training("a", 0, 1.0, 20.0), training("a", 1, 1.0, 0.5, math.nan), training("a", 2, 1.0, 0.5)]
    (found,) = notes(registry.autoencoder("tied"), trials)
    assert found.startswith("Trainings leap: 1 of 3 in a.")
    assert found.endswith("the trainings that leapt end at a test MSE of 20, the others at 0.5.")


def test_where_none_leaps_nothing_is_said() -> None:
    """A curve that goes up and down by less is none of the reader's business; a trial without a curve neither."""
    flat, without = training("a", 0, 1.0, 0.5, 4.9), {**training("a", 1), "curves": {"phase1": {"epoch": [1.0]}}}
    assert [] == list(notes(registry.autoencoder("tied"), [flat, without]))


def test_the_committed_page_counts_the_leaps_of_the_baseline() -> None:
    """It once said "at every seed and in both frameworks", where 6 and 5 of 10 do: counted here in another way."""
    counts: dict[str, list[bool]] = {}
    for trial in baselines.trials_of(BASELINE):
        if trial["autoencoder"] == "denoising_gaussian":
            errors = trial["curves"]["phase1"]["test_mse"]
            leapt = max(errors[n] / min(errors[:n]) for n in range(1, len(errors))) > leaps.FACTOR
            counts.setdefault(trial["framework"], []).append(leapt)
    sentence = ", ".join(f"{sum(found)} of {len(found)} in {name}" for name, found in counts.items())
    assert f"Trainings leap: {sentence}." in (BASELINE.parents[1] / "README.md").read_text(encoding="utf-8")


def test_what_is_said_of_label_budgets_is_the_specification() -> None:
    """Numbers of the sentence change with it; where the smallest budget holds a batch nothing needs explaining."""
    it = registry.autoencoder("pretrained")
    expected = (
        "At a budget of n labels every phase takes as many steps as at 20,000, in batches of at most n. "
        "At 100 labels the 4 epochs of the schedule would be no batch of 150."
    )
    assert [expected] == list(notes(it, []))
    assert [expected.partition(" At 100")[0]] == list(notes(dataclasses.replace(it, label_budgets=(300,)), []))


@pytest.mark.parametrize(
    ("figure", "ours", "expected"),
    [
        (Published("tied", "", "phase1", "test_mse", (4.0, 3.0, 2.0), ""), (2.0, 2.0), "2.00 1.50"),
        (Published("tied", "", "phase1", "test_mse", (4.0, 3.0), ""), (2.0, 2.0, 9.0), "2.00 1.50"),
        (Published("tied", "", "phase1", "test_mse", (4.0,), "", "end"), (2.0, 5.0), "0.80"),
        (Published("tied", "", "phase1", "test_mse", (4.0, 6.0), "", "range"), (2.0, 5.0), "ours within"),
        (Published("tied", "", "phase1", "test_mse", (4.0, 6.0), "", "range"), (2.0, 3.0), "ours below"),
        (Published("tied", "", "phase1", "test_mse", (4.0, 6.0), "", "range"), (2.0, 7.0), "ours above"),
    ],
)
def test_a_published_figure_is_set_against_ours_by_hand(
    figure: Published, ours: tuple[float, ...], expected: str, tmp_path: Path
) -> None:
    """Epoch by epoch as far as both go, a single one against the end, a range by where our end lies."""
    found = [training("a", 0, *ours), training("b", 0, *ours)]
    line = next(line for line in page.published(found, [figure]) if "`tied`" in line)
    assert expected == line.split(" | ")[-2]


def test_every_published_figure_is_on_the_page() -> None:
    """One line each, with what was published and what differs."""
    shown = (BASELINE.parents[1] / "README.md").read_text(encoding="utf-8").splitlines()
    for figure in FIGURES:
        starts = f"| `{figure.autoencoder}` | {figure.what} | {figure.text} | "
        assert 1 == sum(line.startswith(starts) and line.endswith(f" | {figure.differs} |") for line in shown)

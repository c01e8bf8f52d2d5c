"""`aebench scale`: every point of both lines once, kept and continued; what cannot be scaled is refused."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from examples import conditions
from rich.console import Console

from aebench import registry
from aebench.errors import ResultError, TrainingError, UsageError
from aebench.processes.events import Silent
from aebench.records import documents
from aebench.report.sweep import draw, print_sweep, problems
from aebench.running import sweeps
from aebench.running.options import Options
from aebench.running.sweeps import Lines, measure, multiply_adds
from aebench.training.trial import Trial

OPTIONS = Options(("tied",), ("reference",), dataset="synthetic:400x16")
LINES = Lines(images=(150, 300), widths=(0.1, 1.0), epochs=3)


class Here(Silent):
    """Stands for a framework's process: does the work in this one and counts it, or fails at some points."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, int]] = []
        self.fails: Callable[[Any], bool] = lambda _: False
        self.lines: list[str] = []

    def begin(self, title: str, total: int) -> None:
        """Keep the title."""
        self.lines.append(title)

    def finished(self, what: str, result: str) -> None:
        """Keep what is told, without the seconds."""
        self.lines.append(f"{what}: {result}".partition(" in ")[0])

    def call(self, function: Any, trial: Any, **_: Any) -> Any:
        """Run the trial, or say who computes."""
        if not isinstance(trial, Trial):
            return function(trial)
        self.calls.append((trial.images, trial.autoencoder.n_codings))
        if self.fails(trial):
            raise TrainingError("planted")
        return function(trial)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Here:
    """The process that every framework of the sweep gets."""
    found = Here()

    @contextlib.contextmanager
    def processes_of(options: Options, *_: Any, **__: Any) -> Iterator[dict[str, Here]]:
        yield dict.fromkeys(options.frameworks, found)

    monkeypatch.setattr(sweeps, "processes_of", processes_of)
    return found


def test_the_lines_cross_in_one_point() -> None:
    """Images at width 1, widths at the most images, their common point once."""
    assert [(150, 1.0), (300, 1.0), (300, 0.1)] == LINES.points
    assert [(5, 1.0), (5, 2.0)] == Lines((5,), (2.0,), 1).points


def test_every_point_is_measured_once(here: Here, tmp_path: Path) -> None:
    """A second call measures what it asks for besides, and gives back rows measured before as they stand."""
    first = measure(OPTIONS, LINES, tmp_path, here)
    assert [(150, 150), (300, 150), (300, 15)] == here.calls
    document = documents.read(tmp_path / "scale.json", "scale")
    document["rows"][0]["quality"] = 1234.5  # planted: a mark that measuring again would wipe out
    documents.write(tmp_path / "scale.json", "scale", document)
    again = measure(OPTIONS, Lines((150, 300, 400), (1.0,), 3), tmp_path, here)
    assert [(400, 150)] == here.calls[3:]
    assert [1234.5, first[1]["quality"]] == [row["quality"] for row in again[:2]]
    assert [150, 300, 400] == [row["images"] for row in again]
    with pytest.raises(UsageError, match="choose another --output"):
        measure(OPTIONS, Lines((150,), (1.0,), 4), tmp_path, here)


def test_a_row_says_what_was_trained(here: Here, tmp_path: Path) -> None:
    """Parameters and work follow the width: 16-30-15 has 16*30 + 30*15 weights, each used twice by a tied model."""
    *_, narrow = measure(OPTIONS, LINES, tmp_path, here)
    biases = 30 + 15 + 30 + 16
    assert (16 * 30 + 30 * 15 + biases, "test_mse") == (narrow["parameters"], narrow["metric"])
    assert narrow["multiply_adds_per_image"] == 3 * 2 * (16 * 30 + 30 * 15)
    assert narrow["warm"]
    assert narrow["seconds_per_1000_images"] > 0


def test_rows_and_document_say_what_they_were_measured_with(here: Here, tmp_path: Path) -> None:
    """Version and seconds in the row; the options in the document, added to by a later call."""
    row = measure(OPTIONS, Lines((150,), (1.0,), 2), tmp_path, here)[0]
    assert registry.version(registry.framework("reference")) == row["version"]
    (epochs,) = row["epoch_seconds"].values()
    assert (2, True) == (len(epochs), 0 < sum(epochs) < row["trial_seconds"])
    measure(replace(OPTIONS, seeds=(1,)), Lines((300,), (0.1,), 2), tmp_path, here)
    assert documents.read(tmp_path / "scale.json", "scale")["options"] == {
        "autoencoders": ["tied"], "frameworks": ["reference"], "dataset": "synthetic:400x16", "schedule": "source",
        "images": [150, 300], "widths": [1.0, 0.1], "epochs": 2, "seeds": [0, 1], "device": "cpu", "dtype": "float32",
    }  # fmt: skip


def test_progress_names_the_point(here: Here, tmp_path: Path) -> None:
    """Autoencoder, framework, images, width and seed, before and after."""
    here.fails = lambda trial: trial.images == 150
    measure(replace(OPTIONS, seeds=(3,)), Lines((150, 300), (1.0,), 1), tmp_path, here)
    assert [
        "1 of 2: tied, 150 images, width 1, reference, seed 3",
        "tied, 150 images, width 1, reference, seed 3: failed: planted",
        "2 of 2: tied, 300 images, width 1, reference, seed 3",
        "tied, 300 images, width 1, reference, seed 3: trained and measured",
    ] == here.lines


def test_work_by_hand() -> None:
    """`stacked`: 3 products for each of 2 * (784 * 300 + 300 * 150) weights; two phases count their mean."""
    assert 3 * 2 * (784 * 300 + 300 * 150) == multiply_adds(registry.autoencoder("stacked"))
    assert 3 * (784 * 300 + 300 * 150) == multiply_adds(registry.autoencoder("layerwise_separate"))


def test_a_point_that_fails_is_a_row_and_is_tried_again(here: Here, tmp_path: Path) -> None:
    """The others stand, table and plot say which one failed, and the next call tries it."""
    here.fails = lambda trial: trial.images == 150
    rows = measure(OPTIONS, LINES, tmp_path, here)
    assert ["failure" in row for row in rows] == [True, False, False]
    assert ["tied, reference, 150 images, width 1, seed 0: planted"] == problems(rows)
    out = io.StringIO()
    print_sweep(rows, Console(file=out, width=160))
    assert out.getvalue().count("failed") == 1
    assert draw(rows, tmp_path / "scale.png").stat().st_size > 10_000
    here.fails = lambda _: False
    assert problems(measure(OPTIONS, LINES, tmp_path, here)) == []
    assert [(150, 150)] == here.calls[3:]


def test_nothing_to_draw_is_said(tmp_path: Path) -> None:
    """A plot of failures alone would be empty."""
    with pytest.raises(UsageError, match="every training failed"):
        draw([{"failure": "lost"}], tmp_path / "scale.png")


@pytest.mark.parametrize(
    ("name", "images", "message"),
    [
        ("linear", (150,), "linear cannot be scaled, it has a data set of its own"),
        ("pretrained", (150,), "it starts from a trained layerwise_cached"),
        ("tied", (100, 300), r"takes 150 \(a batch\) to 400 images, found 100 to 300"),
        ("tied", (300, 5000), r"to 400 images, found 300 to 5,000"),
    ],
)
def test_what_cannot_be_scaled_is_refused(
    here: Here, tmp_path: Path, name: str, images: tuple[int, ...], message: str
) -> None:
    """Before anything is measured, with the limits."""
    with pytest.raises(UsageError, match=message):
        measure(Options((name,), ("reference",), dataset="synthetic:400x16"), Lines(images, (1.0,), 1), tmp_path, here)
    assert here.calls == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"format": "aebench-sc', "truncated or damaged"),
        ('{"format": "aebench-scale/1", "rows": []}', "'options'"),
        ('{"format": "aebench-scale/2", "rows": []}', "`options`"),
    ],
)
def test_a_damaged_document_is_not_overwritten(here: Here, tmp_path: Path, content: str, message: str) -> None:
    """What was measured may be mended by hand; it is not thrown away, and the advice is about this command."""
    (tmp_path / "scale.json").write_text(content, encoding="utf-8")
    with pytest.raises(
        ResultError, match=f"{message}.*; move it away, or choose another --output, and `aebench scale`"
    ):
        measure(OPTIONS, LINES, tmp_path, here)
    assert (content, []) == ((tmp_path / "scale.json").read_text(encoding="utf-8"), here.calls)


def test_what_takes_no_part_may_change(here: Here, tmp_path: Path) -> None:
    """Load, and a framework that was not measured; every other condition is refused in test_reuse.py."""
    measure(OPTIONS, Lines((150,), (1.0,), 1), tmp_path, here)
    document = documents.read(tmp_path / "scale.json", "scale")
    document["conditions"]["subjects"]["pytorch"] = conditions("pytorch")["subjects"]["pytorch"]
    document["conditions"]["busy"] = {"load": 9.0, "steal": 0.5}
    documents.write(tmp_path / "scale.json", "scale", document)
    measure(OPTIONS, Lines((300,), (1.0,), 1), tmp_path, here)
    after = documents.read(tmp_path / "scale.json", "scale")
    assert [150, 300] == [row["images"] for row in after["rows"]]
    assert {"reference", "pytorch"} == set(after["conditions"]["subjects"])


def test_an_interruption_before_the_first_point_leaves_the_document(
    here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is there, holds no rows, and binds nobody to its settings."""

    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(sweeps, "attempt", interrupted)
        with pytest.raises(KeyboardInterrupt):
            measure(OPTIONS, LINES, tmp_path, here)
    document = documents.read(tmp_path / "scale.json", "scale")
    assert ([], [150, 300]) == (document["rows"], document["options"]["images"])
    assert measure(OPTIONS, Lines((150,), (1.0,), 1), tmp_path, here)[0]["images"] == 150


def test_a_failure_that_is_not_asked_for_again_is_kept(here: Here, tmp_path: Path) -> None:
    """A later call for other points does not forget that a point failed."""
    here.fails = lambda trial: trial.images == 150
    measure(OPTIONS, Lines((150, 300), (1.0,), 1), tmp_path, here)
    measure(OPTIONS, Lines((400,), (1.0,), 1), tmp_path, here)
    rows = documents.read(tmp_path / "scale.json", "scale")["rows"]
    assert {150: True, 300: False, 400: False} == {row["images"]: "failure" in row for row in rows}

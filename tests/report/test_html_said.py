"""What the page says in words, colours and pointers is what the record holds, each number at its own place."""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from comparisons import climbed
from comparisons import record as compared
from examples import OPTIONS, RUNG, conditions, trial
from filled import filled

from aebench.agreement.ladder import RUNGS
from aebench.records.fields import checked, plain
from aebench.records.opened import Opened
from aebench.records.qualities import Quality
from aebench.report.html import agreeing, chapters, charts, circumstances, openings, qualities, speeds
from aebench.report.html.content import Block, Cell, Folded, Grid, Listing, Plot, Section
from aebench.report.html.writing import paged, rendered
from aebench.report.side_by_side import pieces, sources

MILLION = 2**20


def source(kind: str, content: dict[str, Any], name: str = "record", number: int = 1) -> Opened:
    """A record that was opened, of that name."""
    return Opened(Path(f"{name}.json"), kind, content, number)


def run(*trials: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A run's document that holds nothing but the trials and the changes."""
    content = {"options": {**OPTIONS, "agreement": True}, "conditions": conditions(), "complete": True}
    return {**content, "agreements": [], "trials": list(trials), "failures": [], **changes}


def blocks_of(section: Section | None, kind: type[Block]) -> list[Any]:
    """Every block of that kind, in order, wherever it stands."""
    assert section is not None

    def within(blocks: Any) -> Iterator[Block]:
        for block in blocks:
            yield block
            yield from within(block.blocks if isinstance(block, Folded) else ())

    of_parts = [block for part in section.sections for block in within(part.blocks)]
    return [block for block in [*within(section.blocks), *of_parts] if isinstance(block, kind)]


def cells(grid: Grid) -> list[list[float | str | None]]:
    """The rows by what they are sorted by: a cell's value, where it has one, else its text."""
    every = [[it if isinstance(it, Cell) else Cell(it) for it in row] for row in grid.rows]
    return [[it.text if it.value is None else it.value for it in row] for row in every]


def pair(name: str, dtype: str, left: str, *headrooms: float, parts: bool = False) -> dict[str, Any]:
    """A climb of as many rungs, whose differences and bounds are their own."""
    rungs = [
        {**RUNG, "rung": rung, "place": f"{name}/{rung}", "headroom": headroom, "bound": 2.0**-n,
         "relative": 2.0**-n / headroom, "sensitivity": 3.0**-n}
        for n, (rung, headroom) in enumerate(zip(RUNGS, headrooms, strict=False), start=20)
    ]  # fmt: skip
    parting = f"part at {name}" if parts else None
    return {"autoencoder": name, "dtype": dtype, "left": left, "right": "pytorch", "parting": parting, "rungs": rungs}


PAIRS = [
    pair("stacked", "float64", "reference", 7.0, 0.5, parts=True), pair("tied", "float64", "reference", 12.3456, 3.25),
    pair("tied", "float64", "tensorflow", 0.75, parts=True), pair("tied", "float32", "tensorflow", 40.0, 20.0),
]  # fmt: skip


def test_heat_maps_of_agreement_say_who_is_nearest_to_parting() -> None:
    """Literally, each of its own dtype: how many autoencoders, how many pairs part, where the least headroom is."""
    one, other = blocks_of(agreeing.section([source("run", run(agreements=PAIRS))]), Plot)
    assert one.alt.startswith("Heat map of 2 autoencoders by rung in float64: 2 pairs part")
    assert one.alt.endswith("the least headroom is ×0.5 at stacked, inputs, reference – pytorch.")
    assert other.alt.startswith("Heat map of 1 autoencoder")
    assert "by rung in float32: no pair parts" in other.alt
    assert other.alt.endswith("the least headroom is ×20 at tied, inputs, tensorflow – pytorch.")
    assert [40.0, 20.0] == [row["headroom"] for row in other.spec["datasets"]["rows"]]


def test_each_cell_of_agreement_is_its_own_rung_s() -> None:
    """In four digits; what comes after the rung that parted is every further rung, and has no number."""
    plot = blocks_of(agreeing.section([source("run", run(agreements=PAIRS))]), Plot)[0]
    found: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for row in plot.spec["datasets"]["rows"]:
        found.setdefault((row["autoencoder"], row["pair"]), {})[row["rung"]] = row
    of_tied = {rung: row["headroom"] for rung, row in found["tied", "reference – pytorch"].items()}
    assert {"init": 12.35, "inputs": 3.25} == of_tied
    second = found["stacked", "reference – pytorch"]["inputs"]
    expected = {"relative": 2.0**-20, "bound": 2.0**-21, "sensitivity": 3.0**-21, "headroom": 0.5}
    assert pytest.approx(expected, rel=1e-3) == {name: second[name] for name in expected}
    assert "stacked/inputs" == second["place"]
    for key, first in ((("stacked", "reference – pytorch"), 2), (("tied", "tensorflow – pytorch"), 1)):
        assert list(RUNGS) == list(found[key])
        after = [found[key][rung] for rung in RUNGS[first:]]
        assert {("not reached", None)} == {(row["band"], row["headroom"]) for row in after}


@pytest.mark.parametrize(("bands", "scale"), [(charts.HEADROOM, 1.0), (charts.SHARES[1:-1], 100.0)])
def test_a_band_holds_what_its_words_say(bands: charts.Bands, scale: float) -> None:
    """From its first number on, and up to the second one, which is the next band's."""
    for limit, words, _ in bands:
        numbers = [float(number) / scale for number in re.findall(r"[\d.]+", words)]
        if math.isfinite(limit) and numbers:
            assert limit == numbers[-1], words
            assert words == charts._band(math.nextafter(numbers[-1], 0.0), bands)
        if len(numbers) == 2:
            assert words == charts._band(numbers[0], bands)


def test_subjects_have_colours_that_everybody_tells_apart() -> None:
    """Literally Okabe and Ito's hues in our shades, in curves as in every other plot that has subjects."""
    row = {"subject": "pytorch", "series": "pytorch", "phase": "phase1", "epoch": 1, "value": 0.5, "published": False}
    drawn = [
        charts.curves([row], "total"), charts.lines([{"autoencoder": "tied", **row}], "epoch", "value", "x", "y"),
        charts.intervals([charts.point("tied", "pytorch", "", 1.0, (0.5, 2.0), [1.0])], "x", [1.0]),
    ]  # fmt: skip
    hues = ["#0084d1", "#d9662b", "#009a6e", "#c4669f", "#b58900", "#4a9fb5", "#7f7f7f"]
    for text in map(json.dumps, drawn):
        ranges = [json.loads(found) for found in re.findall(r'"range": (\[[^]]*\])', text)]
        assert [hues] * text.count('"color": {"field": "subject"') == ranges != []


def test_differences_of_quality_are_in_margins() -> None:
    """Literally: accuracies 0.010 to 0.014 apart over five seeds, margin 0.005: 2.4 margins, within 2.0985 and 2.7015
    (Student's t); sparsities 0.02 to 0 apart, margin 0.1. What is different is red, and what is equivalent green; each
    framework's mean stands in its own column, and its seeds under the pointer."""
    trials = []
    for seed in range(5):
        for name, more, less in (("tensorflow", 0.010 + 0.001 * seed, 0.02 - 0.005 * seed), ("pytorch", 0.0, 0.0)):
            values = {"test_accuracy": (0.9 + more, "share"), "sparsity": (1.5 - less, "nats")}
            metrics = {key: {"value": it, "unit": unit, "better": "none"} for key, (it, unit) in values.items()}
            trials.append(trial(name, seed, 0.1, metrics=metrics))
    section = qualities.section([source("run", run(*trials))])
    (plot,), (grid,) = blocks_of(section, Plot), blocks_of(section, Grid)
    points = {it["name"]: it for it in plot.spec["datasets"]["rows"]}
    expected = {"tied, test_accuracy": (2.4, 2.0985, 2.7015), "tied, sparsity": (-0.1, -0.1754, -0.0246)}
    for name, numbers in expected.items():
        assert pytest.approx(numbers, abs=1e-3) == tuple(points[name][it] for it in ("value", "low", "high"))
    assert plot.alt.startswith("2 differences")
    known = {row[1]: dict(zip(grid.columns, row, strict=True)) for row in grid.rows}
    assert ("bad", "good") == tuple(known[it]["verdict"].state for it in ("test_accuracy", "sparsity"))
    means = {
        it: tuple(known[it][who].value for who in ("tensorflow", "pytorch")) for it in ("test_accuracy", "sparsity")
    }
    assert pytest.approx((0.912, 0.9)) == means["test_accuracy"]
    assert pytest.approx((1.49, 1.5)) == means["sparsity"]
    assert known["test_accuracy"]["tensorflow"].about.startswith("seed 0: 0.91; seed 1: 0.911;")
    assert ("tensorflow – pytorch", "nats") == (known["sparsity"]["pair"], known["sparsity"]["unit"])


def test_every_autoencoder_counts_in_the_quality_of_base_and_head() -> None:
    """Each with its verdict, whichever comes first."""
    given = filled("comparison")["quality"][0]
    verdicts = {"tied": "identical", "stacked": "worse", "linear": "identical"}
    found = [checked({**given, "autoencoder": name, "verdict": it}, Quality) for name, it in verdicts.items()]
    section = qualities.section([source("comparison", plain(compared(climbed("float64"), quality=found)))])
    assert section is not None
    assert ["Of 3 autoencoders 2 identical, 1 worse."] == [part.lead for part in section.sections]


def timed(name: str, kind: str, seconds: float, mebibytes: int) -> dict[str, Any]:
    """A subject that took so many seconds for 1,000 images."""
    work = {"images": 500, "warm_up": [9.0], "rounds": [seconds / 2] * 2}
    return {"name": name, "kind": kind, "works": {"training": work}, "peak_bytes": mebibytes * MILLION}


def test_whoever_was_timed_has_a_row_in_each_case() -> None:
    """Literally, in milliseconds per 1,000 images, with the share of the ceiling, which is products and traffic of one
    second together, and memory in MiB. The parts of the ceiling have none."""
    subjects = [("tensorflow", 4.0, 3), ("pytorch", 2.5, 5)]
    parts = [timed("pytorch", "products", 0.75, 1), timed("pytorch", "traffic", 0.25, 1)]

    def case(name: str, by: float) -> dict[str, Any]:
        mine = [*(timed(who, "framework", by * took, size) for who, took, size in subjects), *parts]
        block = {"first": 0, "subjects": mine, "seconds": 9.0, "busy": {}}
        return {"autoencoder": name, "use": None, "batch": None, "width": 1.0, "blocks": [block, block]}

    options = {**filled("bench")["options"], "frameworks": ["tensorflow", "pytorch"], "peers": []}
    content = {
        "options": options,
        "blocks": 2,
        "conditions": conditions(),
        "cases": [case("tied", 1), case("linear", 2)],
    }
    section = speeds.section([source("bench", content)])
    expected = [
        ("tied: training", "tensorflow", 4000.0, 4000.0, 4000.0, 0.25, 3),
        ("tied: training", "pytorch", 2500.0, 2500.0, 2500.0, 0.4, 5),
        ("linear: training", "tensorflow", 8000.0, 8000.0, 8000.0, 0.125, 3),
        ("linear: training", "pytorch", 5000.0, 5000.0, 5000.0, 0.2, 5),
    ]
    (grid,), (plot,) = blocks_of(section, Grid), blocks_of(section, Plot)
    found = cells(grid)
    assert [row[:2] for row in expected] == [tuple(row[:2]) for row in found]
    assert [pytest.approx(row[2:]) for row in expected] == [row[2:] for row in found]
    points = [(it["name"], it["subject"], it["value"]) for it in plot.spec["datasets"]["rows"]]
    assert [(*row[:2], row[5]) for row in expected] == points


def test_what_a_training_cost_is_in_milliseconds_and_mebibytes() -> None:
    """Literally; whether others were trained at the same time, and what failed."""
    speed = {"seconds_per_1000_images": 0.25, "warm": True, "warm_up_seconds": 8.0}
    failed = {"autoencoder": "tied", "framework": "pytorch", "seed": 7, "failure": "no memory"}
    trials = [
        trial("tensorflow", 3, 0.1, speed={**speed, "peak_bytes": 5 * MILLION, "alone": False}),
        trial("pytorch", 4, 0.1, speed={**speed, "seconds_per_1000_images": 1.5, "alone": True}),
        trial("pytorch", 5, 0.1, speed=speed), failed,
    ]  # fmt: skip
    (grid,) = blocks_of(speeds.section([source("run", run(*trials))]), Grid)
    assert ["ms per 1,000 images", "peak memory, MiB", "machine alone"] == list(grid.columns[3:])
    expected = [
        ["tied", "tensorflow", "3", 250.0, 5.0, "no"], ["tied", "pytorch", "4", 1500.0, "–", "yes"],
        ["tied", "pytorch", "5", 250.0, "–", "yes"], ["tied", "pytorch", "7", "failed", "–", "–"],
    ]  # fmt: skip
    assert expected == cells(grid)


def test_conditions_of_the_later_record_are_those_of_now() -> None:
    """What the heading calls then is then in every line."""
    before, after = (run(conditions=conditions(packages={"numpy": version})) for version in ("1.0", "2.5"))
    records = [source("run", before, "monday"), source("run", after, "today", 2)]
    grid = next(block for block in circumstances.section(records).blocks if isinstance(block, Grid))
    assert "today (now) against monday (then)" == grid.title
    assert ["package numpy: 1.0 then, 2.5 now"] == [row[0] for row in grid.rows]


def test_learning_curves_end_where_their_alternative_text_says() -> None:
    """Literally, over two seeds of each framework; the loss that is minimised is not folded, and the points are all
    there."""
    ends = {("pytorch", 0): 0.25, ("pytorch", 1): 0.75, ("tensorflow", 0): 0.125, ("tensorflow", 1): 0.375}
    trials = []
    for (name, seed), end in ends.items():
        losses = [{"total": more + end, "l2": 0.5 * (more + end)} for more in (8.0, 4.0, 0.0)]
        known = {"seconds": 1.0, "images": 10, "mean": {}}
        epochs = [{**known, "epoch": n, "last_batch": loss} for n, loss in enumerate(losses, start=1)]
        trials.append(trial(name, seed, 0.1, history={"phase1": epochs}))
    section = chapters.section([source("run", run(*trials))], "none")
    assert section is not None
    (plot,) = [block for block in section.sections[0].blocks if isinstance(block, Plot)]
    said = "at the last epoch pytorch at 0.5 in phase1, tensorflow at 0.25 in phase1."
    assert ("total by epoch", f"Learning curves of tied, total: {said}") == (plot.title, plot.alt)
    points = {(it["series"], it["epoch"], it["value"]) for it in plot.spec["datasets"]["rows"]}
    expected = {(f"{name}, seed {seed}", n, more + end) for (name, seed), end in ends.items()
                for n, more in enumerate((8.0, 4.0, 0.0), start=1)}  # fmt: skip
    assert expected == points
    (folded,) = [it for it in blocks_of(section, Plot) if it is not plot]
    assert folded.alt.endswith("pytorch at 0.25 in phase1, tensorflow at 0.125 in phase1.")


def test_each_framework_s_text_stands_under_its_own_name() -> None:
    """Piece by piece, as its file has it."""
    (listing,) = blocks_of(chapters.section([source("run", run(trial("pytorch", 0, 0.1)))], "none"), Listing)
    assert {"tensorflow", "pytorch", "reference"} <= set(listing.columns)
    for place, framework in enumerate(listing.columns):
        known = pieces(sources("tied", framework)[0].read_text(encoding="utf-8"))
        read = {label: html.unescape(re.sub("<[^>]*>", "", texts[place])).strip() for label, _, texts in listing.rows}
        assert {label: text.strip() for label, text in known.items()} == {k: it for k, it in read.items() if it}


def test_growth_is_told_of_the_pair_that_ends_furthest_apart() -> None:
    """After the last step, whoever was ahead after the first."""
    near = {"autoencoder": "tied", "dtype": "float32", "left": "reference", "right": "tensorflow", "steps": [1, 2000],
            "relative": [0.5, 0.015625]}  # fmt: skip
    far = {**near, "autoencoder": "stacked", "dtype": "float64", "left": "pytorch", "relative": [0.001, 0.25]}
    found = openings.opening(source("growth", {**filled("growth"), "growth": [near, far, {**near, "left": "x"}]}))
    expected = "After 2,000 steps the parameters are at most 0.25 apart (stacked, float64, pytorch – tensorflow)."
    assert expected == found.sentence


def test_a_comparison_names_base_first() -> None:
    """In what it is about and in how the two environments differ."""
    apart = [{"kind": "package", "name": "numpy", "base": "2.4", "head": "2.5"}]
    content = {**plain(compared(climbed("float64"))), "differences": apart}
    found = openings.opening(source("comparison", content))
    assert "comparison of old and here" == found.about
    assert ["The environments differ in: package numpy 2.4 → 2.5."] == found.notes
    grid = next(it for it in circumstances.section([source("comparison", content)]).blocks if isinstance(it, Grid))
    assert (("what", "name", "old", "here"), [("package", "numpy", "2.4", "2.5")]) == (grid.columns, grid.rows)


def test_a_known_difference_that_no_longer_shows_is_not_called_known() -> None:
    """Beside its colour, which not everybody sees, its label says that it is gone."""
    base = filled("matrix")["base"]
    head = {"name": "new", "said": "new", "versions": {}, "failure": None, "outcomes": []}
    content = {"base": base, "heads": [head], "gone": [["linear, pytorch: gradients", "it no longer moves"]]}
    text = rendered(paged([source("matrix", content)]))
    line = text[: text.index("it no longer moves")].rpartition("<li")[2]
    assert "no longer as known" in html.unescape(line)

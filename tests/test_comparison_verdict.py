"""What a comparison says of speed and memory, and what it leaves for a pull request and for a CI."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from comparisons import SIDES, block, blocks, climbed, record
from msgspec import structs
from rich.console import Console

from aebench.comparison.absent import LOST
from aebench.comparison.findings import Finding, again
from aebench.comparison.verdict import compared, findings, sentence, status
from aebench.records.comparisons import Apart, Comparison, Sides
from aebench.records.fields import checked
from aebench.records.qualities import Quality
from aebench.report import exported
from aebench.report.comparison import print_comparison
from aebench.running.options import DTYPES


def found(ratio: float, **others: object) -> tuple[Comparison, list[Finding]]:
    """A comparison by blocks of that ratio, and its findings."""
    made = record(blocks=blocks(ratio, **others))  # type: ignore[arg-type]
    return made, findings(made)


def test_as_fast_as_before_passes_and_says_how_sure() -> None:
    """No finding; how many blocks, how many rows, and the error rates."""
    made, every = found(1.0)
    assert ([], 0, "old → here: nothing got worse.") == (every, status(every), sentence(made, every))
    expected = (
        "Speed and memory in pytorch 2.13.0 → 2.14.1: 15 blocks of fresh processes, 5 rows: 4 not slower, 1 not more. "
        "Up to 2% more time is tolerated, and fails in 1% of calls at most; 10% more passes in 5% of rows at most. "
        "Up to 5% more memory is tolerated."
    )
    assert expected == list(compared(made))[-1]
    memory = structs.replace(made, only=["memory"])
    blocks_and_rows = "15 blocks of fresh processes, 1 row: 1 not more. Up to 5% more memory is tolerated."
    expected = f"Memory in pytorch 2.13.0 → 2.14.1: {blocks_and_rows}"
    assert expected == list(compared(memory))[-1], "nothing is said of what nobody asked for"


def test_slower_is_a_regression_with_its_ratio_and_limits() -> None:
    """What has one verdict and one ratio is one finding; the command times it again."""
    made, every = found(1.3)
    assert (["regression"], 1, "old → here: 1 got worse.") == (
        [finding.weight for finding in every], status(every), sentence(made, every)
    )  # fmt: skip
    (finding,) = every
    rows = [f"linear, pytorch, {measure}" for measure in ("training", "inference", "first epoch")]
    assert ("speed", "; ".join([*rows, "pytorch, import"])) == (finding.what, finding.about)
    assert finding.sentence.startswith("1.301 times as long as base (1.")
    assert "aebench compare old here linear -f pytorch --only speed --all -d digits -p quick -s 0" == finding.command


def test_the_command_asks_with_the_same_thresholds() -> None:
    """Those that are not the usual ones stand in it; another part than speed and memory has none."""
    made, _ = found(1.3)
    strict = structs.replace(made, limits=structs.replace(made.limits, tolerated=0.01, intolerable=0.05))
    commands = [again(one, "pytorch", ["linear"], what) for one, what in
                ((made, "speed"), (strict, "speed"), (strict, "memory"), (strict, "numbers"))]  # fmt: skip
    added = " --tolerated 0.01 --intolerable 0.05"
    assert ["", added, added, ""] == [command.partition(" -p quick -s 0")[2] for command in commands]


def test_faster_is_told_and_never_fails() -> None:
    """An improvement: status 0."""
    _, every = found(0.7)
    assert ({"improvement"}, 0) == ({finding.weight for finding in every}, status(every))


def test_more_memory_is_a_regression_of_its_own() -> None:
    """Ten per cent more at the peak; the speed is as before."""
    _, every = found(1.0, memory=1.1)
    assert [("memory", "linear, pytorch, peak memory", "regression")] == [
        (finding.what, finding.about, finding.weight) for finding in every
    ]
    assert every[0].sentence.startswith("1.100 times as much as base")


def test_too_few_blocks_are_undecided() -> None:
    """Not green: 125."""
    _, every = found(1.05, count=4)
    assert ({"undecided"}, 125) == ({finding.weight for finding in every}, status(every))


def test_without_a_block_nothing_is_green() -> None:
    """The time was over before anything was timed: every row that was asked for is undecided."""
    made = record(blocks=[], only=["memory", "speed"])
    assert ({"undecided"}, 125) == ({finding.weight for finding in findings(made)}, status(findings(made)))
    assert {"undone"} == {finding.weight for finding in findings(record(blocks=[], only=["numbers"]))}


def test_a_control_that_moves_makes_speed_unusable_and_not_memory() -> None:
    """Base against base took a third longer: nothing is said of speed, with the reason; status 125."""

    made = record(blocks=[*blocks(1.0)[:12], *(block(1.3, number, control=True) for number in range(3))])
    (finding,) = findings(made)
    assert ("undecided", "speed", 125) == (finding.weight, finding.what, status([finding]))
    assert "not counted, since base took 1.30 times as long as base in 3 blocks of both" == finding.sentence


@pytest.mark.parametrize("shift", [1.0, 1.3])
def test_undecided_speed_says_what_tells_how_much_can_be_seen(shift: float, capsys: pytest.CaptureFixture[str]) -> None:
    """The command that measures this machine's noise, and only where speed is undecided."""

    made = record(blocks=[*blocks(1.0)[:12], *(block(shift, number, control=True) for number in range(3))])
    print_comparison(made, Console(width=200))
    assert (shift > 1.0) == ("aebench calibrate linear -f " in capsys.readouterr().out)


def test_what_only_head_cannot_run_is_a_regression() -> None:
    """Its reason is the sentence."""
    _, every = found(1.0, failure="no kernel for this")
    assert {"regression"} == {finding.weight for finding in every if "failed" in finding.sentence}
    assert "failed: head: no kernel for this" in {finding.sentence for finding in every}


def test_only_what_was_asked_for_is_judged() -> None:
    """--only memory says nothing of speed, though the blocks hold it."""
    made = record(blocks=blocks(1.3), only=["memory"])
    assert [] == findings(made)


def quality(**changes: Any) -> Comparison:
    """A comparison whose trainings of `linear` were judged by one metric."""
    row = {
        "metric": "test_mse", "unit": "squared intensity", "better_when": "lower", "verdict": "worse", "margin": 0.05,
        "relative": True, "pairs": 3, "base": 0.01, "head": 0.012, "difference": 0.18, "low": 0.15, "high": 0.21,
        "p": 0.001, "reason": None,
    }  # fmt: skip
    content = {
        "autoencoder": "linear", "base": "pytorch@old", "head": "pytorch", "verdict": "worse", "seeds": [0, 1, 2],
        "false_alarms": 0.01, "misses": 0.05, "rows": [row], "failures": {}, "reason": None,
    }  # fmt: skip
    row |= {name: value for name, value in changes.items() if name in row and name not in content}
    content |= {name: value for name, value in changes.items() if name in content}
    return record(quality=[checked(content, Quality)])


@pytest.mark.parametrize(
    ("changes", "about"),
    [
        ({"numbers": []}, "linear, pytorch, numbers"),
        ({"numbers": [climbed("float32")]}, "linear, pytorch, numbers"),
        ({"quality": []}, "linear, pytorch, quality"),
        ({"timed": {}, "blocks": []}, "speed"),
    ],
)
def test_what_lost_its_rows_is_not_green(changes: dict[str, Any], about: str) -> None:
    """Planted: rows that were taken out of a record of which everything was done, as of one that was cut by hand."""
    (trained,) = quality(verdict="not worse").quality
    whole = record(*map(climbed, DTYPES), blocks=blocks(1.0), quality=[structs.replace(trained, rows=[])])
    assert [] == findings(whole)
    cut = structs.replace(whole, **changes)
    every = findings(cut)
    assert {"undone"} == {finding.weight for finding in every}
    assert about in [finding.about for finding in every]
    assert (2, {LOST}) == (status(every), {finding.sentence for finding in every})
    interrupted = structs.replace(cut, complete=False)
    assert LOST not in [finding.sentence for finding in findings(interrupted)], "what was not done is said elsewhere"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"subjects": [1, 0]}, "a block of pytorch and pytorch@old is no one of base and head"),
        ({"control": True}, "a block of pytorch@old and pytorch is no one of base and base"),
        ({"autoencoder": "tied"}, "a block of tied is of nothing that was to be timed"),
    ],
)
def test_blocks_are_of_what_is_compared(changes: dict[str, Any], why: str) -> None:
    """Planted: a block whose sides were exchanged, or of another comparison."""
    one = block(1.0, 0)
    changes["subjects"] = [one.subjects[place] for place in changes.get("subjects", (0, 1))]
    with pytest.raises(ValueError, match=why):
        record(blocks=[structs.replace(one, **changes)])


def test_a_metric_that_got_worse_is_told_by_how_much() -> None:
    """From where to where, the interval, the margin, the seeds; status 1."""
    (finding,) = findings(quality())
    expected = "0.01 → 0.012, by +18 % of their mean (+15 to +21); 5 % is the margin; 3 seeds"
    assert ("regression", "linear, pytorch, test_mse", expected) == (finding.weight, finding.about, finding.sentence)
    assert "aebench compare old here linear -f pytorch --only quality --all -d digits -p quick -s 0" == finding.command


@pytest.mark.parametrize(
    ("changes", "weight", "words", "expected"),
    [
        ({"verdict": "not worse"}, None, "", 0),
        ({"verdict": "undecided", "reason": "27 seeds do not decide it"}, "undecided", "27 seeds", 125),
        ({"failures": {"pytorch": "seed 0: no"}, "rows": []}, "regression", "pytorch failed: seed 0: no", 1),
        ({"failures": {"pytorch@old": "seed 0: no"}, "rows": []}, "undone", "pytorch@old failed", 2),
    ],
)
def test_each_outcome_of_quality_has_its_weight(
    changes: dict[str, Any], weight: str | None, words: str, expected: int
) -> None:
    """Not worse passes in silence; undecided, failed on head, failed on base are each their own status."""
    rows = changes.pop("rows", None)
    made = quality(**changes)
    made.quality[0].rows = [] if rows == [] or weight in (None, "undecided") else made.quality[0].rows
    every = findings(made)
    assert ([weight] if weight else [], expected) == ([finding.weight for finding in every], status(every))
    assert all(words in finding.sentence for finding in every)


def differing() -> Comparison:
    """A comparison of environments with names that Markdown and XML would take for their own."""
    odd = Apart(kind="package", name="a|b", base="<script>", head="*2*")
    return record(blocks=blocks(1.3), differences=[odd], left_out=["tensorflow is not installed in old"])


def test_markdown_says_the_verdict_first_and_escapes_what_comes_from_outside() -> None:
    """One bold line, what was compared, a row a finding, what differs folded away."""
    lines = exported.markdown(exported.of_comparison(differing())).splitlines()
    assert "**old → here: 1 got worse.**" == lines[0]
    (row,) = (line for line in lines if line.startswith("| worse |"))
    assert row.endswith("| `aebench compare old here linear -f pytorch --only speed --all -d digits -p quick -s 0` |")
    assert r"| package | a\|b | \<script\> | \*2\* |" in lines
    assert "- Not compared: tensorflow is not installed in old." in lines


def test_junit_counts_what_a_ci_counts(tmp_path: Path) -> None:
    """A regression is a failure, what could not be compared an error, what is undecided skipped."""
    for ratio, count, expected in ((1.3, 12, ("4", "0", "0")), (1.05, 4, ("0", "0", "4")), (1.0, 12, ("0", "0", "0"))):
        exported.export(exported.of_comparison(record(blocks=blocks(ratio, count))), tmp_path, "it")
        suite = ElementTree.parse(tmp_path / "it.xml").getroot()
        assert expected == tuple(suite.get(name) for name in ("failures", "errors", "skipped"))
        assert ("5", 5) == (suite.get("tests"), len(suite))
    assert "nothing got worse" in (tmp_path / "it.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["\x00\x1b[0m", "\ud800", "a & <b>"])
def test_whatever_a_message_holds_is_xml(tmp_path: Path, text: str) -> None:
    """Control characters of a framework's message must not make a file that no CI reads."""
    finding = Finding("numbers", (f"x{text}",), "regression", f"y{text}", None)
    suite = exported.junit(exported.Told("it", "it", [], {}, [finding]))
    ElementTree.fromstring(ElementTree.tostring(suite, encoding="utf-8"))


def test_each_framework_has_rows_of_its_own() -> None:
    """Planted: of two frameworks one has lost all its rows, which the other one's do not stand for."""
    other = Sides(framework="tensorflow", base="tensorflow@old", head="tensorflow")
    (trained,) = quality(verdict="not worse").quality
    whole = record(*map(climbed, DTYPES), quality=[structs.replace(trained, rows=[])], pairs=[SIDES, other])
    assert {"linear, tensorflow, numbers", "linear, tensorflow, quality"} == {it.about for it in findings(whole)}
    timed = record(blocks=blocks(1.0), pairs=[SIDES, other], only=["speed"], quality=[], timed={"pytorch": ["linear"]})
    assert [] == findings(timed), "what another framework does not have is not timed in it"
    lost = structs.replace(timed, timed={}, blocks=[])
    assert [("speed", LOST)] == [(it.about, it.sentence) for it in findings(lost)]

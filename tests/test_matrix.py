"""Several heads against one base: a comparison for each, one table, and a status that nothing missing makes green."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import other_environments
import pytest
from comparisons import blocks, climbed, record
from msgspec import structs
from rich.console import Console

from aebench.comparison import comparing, matrix
from aebench.comparison.comparing import Asked, Common, Plan
from aebench.comparison.matrix import Column
from aebench.comparison.sides import side
from aebench.comparison.verdict import status
from aebench.errors import FrameworkError, ResultError, UnwritableError, UsageError
from aebench.processes.environments import Environment
from aebench.processes.events import Silent
from aebench.records import documents
from aebench.records.comparisons import Apart, Comparison
from aebench.records.known import Known
from aebench.records.matrices import Matrix
from aebench.report import exported
from aebench.report.matrix import cells, print_matrix
from aebench.running.options import Options

HERE = Environment("here", None, "here")
MOVED = Known(framework="pytorch", versions=">=2.14", row="linear/gradients", verdict="moved", reason="another kernel")


def numbers(verdict: str) -> Comparison:
    """A comparison of numbers alone, both climbs of which are so."""
    return record(*(climbed(dtype, verdict) for dtype in ("float64", "float32")), only=["numbers"])


@dataclass
class Compared:
    """Stands for the comparisons: hands out what each head is to find, and remembers what it was asked."""

    found: dict[str, Comparison | Exception]
    asked: list[tuple[str, str, float | None]]

    def __call__(self, plan: Plan, folder: Path, _: object, common: Common) -> Comparison:
        """What that head finds."""
        self.asked.append((plan.asked.head.name, folder.name, plan.asked.limit))
        found = self.found[plan.asked.head.name]
        if isinstance(found, Exception):
            raise found
        return found


@pytest.fixture
def compare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Matrix]:
    """Compare base with heads that find what is said; text: it does not start."""

    def call(
        found: dict[str, Comparison | Exception | str], known: Sequence[Known] = (), base: str = "here",
        limit: float | None = None,
    ) -> Matrix:  # fmt: skip
        stands = Compared({name: it for name, it in found.items() if not isinstance(it, str)}, [])
        monkeypatch.setattr(comparing, "compare", stands)
        asked = Asked(replace(HERE, name=base), HERE, Options(("linear",), ()), limit=limit)
        columns = [
            Column(name, None, it) if isinstance(it, str) else Column(name, plan(asked, name))
            for name, it in found.items()
        ]
        made = matrix.compare(asked, columns, tmp_path / "out", known, Silent())
        call.asked = stands.asked  # type: ignore[attr-defined]
        return made

    return call


def plan(asked: Asked, name: str) -> Plan:
    """A plan for a head of that name."""
    return Plan(replace(asked, head=Environment(name, Path(name), name)), (), (), asked.options)


STATUSES: dict[str, tuple[dict[str, Any], int, str]] = {
    "identical": ({"a": "identical", "b": "identical"}, 0, "nothing got worse"),
    "one moved": ({"a": "identical", "b": "moved"}, 0, "nothing got worse"),
    "one parted": ({"a": "parted", "b": "identical"}, 1, "1 got worse"),
    "one does not start": ({"a": "identical", "b": None}, 2, "1 could not be compared"),
    "the worst counts": ({"a": None, "b": "parted", "c": "moved"}, 1, "1 got worse, 1 could not be compared"),
    "none starts": ({"a": None, "b": None}, 2, "2 could not be compared"),
}


@pytest.mark.parametrize("case", STATUSES)
def test_the_worst_head_counts(compare: Callable[..., Matrix], case: str) -> None:
    """One that does not start is never green, and takes nothing from the others."""
    heads, expected, words = STATUSES[case]
    found = compare({name: "no interpreter" if it is None else numbers(it) for name, it in heads.items()})
    assert expected == status(matrix.findings(found))
    assert f"here → {', '.join(heads)}: {words}." == matrix.sentence(found)
    assert [it is None for it in heads.values()] == [head.failure is not None for head in found.heads]


def test_what_was_not_compared_is_never_green(compare: Callable[..., Matrix]) -> None:
    """A comparison that holds no row at all, and one whose time was over."""
    for made, expected in ((record(only=["quality"]), 2), (record(only=["numbers"]), 125)):
        assert expected == status(matrix.findings(compare({"a": made})))


def test_a_device_that_a_head_lacks_is_its_cell_and_a_full_disk_is_the_end(
    compare: Callable[..., Matrix], tmp_path: Path
) -> None:
    """The others are compared; and what cannot be written is no head's failure: what was finished is kept."""
    found = compare({"a": FrameworkError("sees no gpu"), "b": numbers("identical")})
    assert ["sees no gpu", None] == [head.failure for head in found.heads]
    found = compare({"a": ResultError("a/comparison.json is damaged"), "b": numbers("identical")})
    assert ["a/comparison.json is damaged", None] == [head.failure for head in found.heads]
    with pytest.raises(UnwritableError):
        compare({"a": numbers("moved"), "b": UnwritableError("full")})
    kept = documents.read(tmp_path / "out" / "matrix.json", "matrix")
    assert ["a"] == [head["name"] for head in kept["heads"]]


def test_commits_are_called_as_the_user_named_them(
    compare: Callable[..., Matrix], capsys: pytest.CaptureFixture[str]
) -> None:
    """In columns, sentences, verdict and exports, with the commit in brackets; its folder has the commit's name."""
    said = {"0a1b2c3d4e": "lr", "5f6a7b8c9d": "init", "place": "some/place"}
    made = compare({name: numbers("moved" if name == "0a1b2c3d4e" else "identical") for name in said})
    heads = [structs.replace(head, said=said[head.name]) for head in made.heads]
    found = structs.replace(made, heads=heads, base=structs.replace(made.base, name="9f8e7d6c5b", said="main"))
    print_matrix(found, Console(width=200), everything=True)
    shown = capsys.readouterr().out
    names = ["lr (0a1b2c3d4e)", "init (5f6a7b8c9d)", "place"]
    assert f"main (9f8e7d6c5b) → {', '.join(names)}: nothing got worse." == shown.splitlines()[0]
    assert names == cells(found)[0][3:]
    assert "lr (0a1b2c3d4e) (pytorch 2.13.0 → 2.14.1): numbers: 1 moved." in shown
    assert "lr (0a1b2c3d4e): pytorch 2.13.0 → 2.14.1, linear, gradients: " in shown
    assert "Against main (9f8e7d6c5b)" in shown
    assert [0, 0, 0] == [shown.replace(f"({it})", "").count(it) for it in ("9f8e7d6c5b", *said) if it != "place"]
    told = exported.of_matrix(found)
    assert f"aebench compare --base main (9f8e7d6c5b) {' '.join(names)}" == told.name
    assert names == list(told.cases.values())
    assert list(said) == [folder for _, folder, _ in compare.asked]  # type: ignore[attr-defined]
    (finding,) = matrix.findings(structs.replace(found, heads=[structs.replace(heads[0], outcomes=[])]))
    assert ("lr (0a1b2c3d4e)",) == finding.abouts


def test_each_head_has_its_folder_and_its_share_of_the_time(compare: Callable[..., Matrix]) -> None:
    """Of what is left, so that the first does not use it all; without a limit there is none."""
    heads = {name: numbers("identical") for name in ("a", "b")}
    compare(heads, limit=60.0)
    (first, second) = compare.asked  # type: ignore[attr-defined]
    assert (("a", "a"), ("b", "b")) == (first[:2], second[:2])
    assert 29.0 < first[2] <= 30.0 < second[2] <= 60.0
    compare(heads)
    assert [None, None] == [limit for *_, limit in compare.asked]  # type: ignore[attr-defined]


def test_another_base_in_the_same_folder_is_refused(compare: Callable[..., Matrix]) -> None:
    """The same one with other heads is not."""
    compare({"a": numbers("moved")})
    compare({"b": numbers("moved")})
    with pytest.raises(UsageError, match="was measured differently"):
        compare({"a": numbers("moved")}, base="elsewhere")


def test_a_known_difference_is_marked_and_one_that_is_gone_fails(compare: Callable[..., Matrix]) -> None:
    """Status 0 with its reason, and 1 with its own sentence."""
    found = compare({"a": numbers("moved")}, [MOVED])
    (finding,) = matrix.findings(found)
    assert ("known", True, 0) == (
        finding.weight, finding.sentence.endswith("known: another kernel"), status([finding])
    )  # fmt: skip
    assert "● moved: gradients (known)" == cells(found)[1][3]
    found = compare({"a": numbers("identical")}, [MOVED])
    (finding,) = matrix.findings(found)
    assert ("gone", 1) == (finding.weight, status([finding]))
    assert matrix.sentence(found).endswith(": 1 no longer as known.")


def test_what_is_gone_in_one_head_is_told_beside_the_others(compare: Callable[..., Matrix]) -> None:
    """Whichever it is: the next one, in which it shows, takes nothing back."""
    for verdicts in (("identical", "moved"), ("moved", "identical")):
        found = compare(dict(zip("ab", map(numbers, verdicts), strict=True)), [MOVED])
        assert (["gone", "known"], 1) == (
            [finding.weight for finding in matrix.findings(found)], status(matrix.findings(found))
        )  # fmt: skip


def test_every_known_difference_counts(compare: Callable[..., Matrix]) -> None:
    """Not only the first of the file."""
    another = structs.replace(MOVED, framework="tensorflow")
    for known in ([another, MOVED], [MOVED, another]):
        assert ["known"] == [finding.weight for finding in matrix.findings(compare({"a": numbers("moved")}, known))]


def test_traces_of_a_call_that_was_killed_are_removed(tmp_path: Path) -> None:
    """At the start, so that no climb is taken for one of this call; at the end, too, since they are large."""
    left = (tmp_path / ".common" / "traces" / "linear", tmp_path / ".common" / "trials" / "linear")
    for place in left:
        place.mkdir(parents=True)
    with matrix.common_to_all(tmp_path) as common:
        assert [False, True] == [place.exists() for place in left]
        assert [place.parent for place in left] == [common.traces, common.trials]
        left[0].mkdir(parents=True)
    assert [False, True] == [place.exists() for place in left]


def several() -> dict[str, Any]:
    """Three heads: one moved in numbers, one is slower besides, one does not start."""
    rows = [climbed(dtype, "moved") for dtype in ("float64", "float32")]
    slower = record(*rows, blocks=blocks(1.3), only=["numbers", "speed"])
    return {"a": numbers("moved"), "b": slower, "c": "no <interpreter>"}


def test_the_table_says_what_moved_where(compare: Callable[..., Matrix]) -> None:
    """A row for each autoencoder and part, a column for each head, a mark where it is not as it was."""
    found = compare(several())
    slower = "● slower: training and 2 more"
    expected = [
        ["autoencoder", "framework", "what", "a", "b", "c"],
        ["linear", "pytorch", "numbers", "● moved: gradients", "● moved: gradients", "● not compared"],
        ["linear", "pytorch", "speed", "–", slower, "● not compared"],
        ["(all)", "pytorch", "speed", "–", "● slower: import", "● not compared"],
    ]
    assert expected == cells(found)
    (about,) = {about for it in matrix.findings(found)[-1:] for about in it.abouts}
    assert "b: pytorch 2.13.0 → 2.14.1, linear, gradients" == about


def test_the_verdict_is_printed_first(compare: Callable[..., Matrix], capsys: pytest.CaptureFixture[str]) -> None:
    """Then what was compared, the table, and the sentences; commands where something is wrong, the rest on request."""
    found = compare({"a": numbers("identical"), **several()})
    for everything in (False, True):
        print_matrix(found, Console(width=200), everything=everything)
        lines = capsys.readouterr().out.splitlines()
        assert "here → a, b, c: 4 got worse, 1 could not be compared." == lines[0]
        assert "a (pytorch 2.13.0 → 2.14.1): numbers: 1 moved." == lines[1]
        assert "c: nothing was compared." == lines[3]
        assert 4 == sum(line.startswith("  again with: ") for line in lines)
    print_matrix(compare({"a": numbers("identical")}), Console(width=200), everything=True)
    shown = capsys.readouterr().out
    assert ("As before" in shown, "identical in every value" in shown) == (True, True)


def test_other_packages_that_differ_are_told(
    compare: Callable[..., Matrix], capsys: pytest.CaptureFixture[str]
) -> None:
    """By name, the first few; the framework's own are its versions. Those of one side alone compute nothing."""

    def differing(*names: str) -> Comparison:
        apart = [Apart(kind="package", name=name, base="1.0", head="2.0") for name in names]
        apart.append(Apart(kind="package", name="torch", base="2.13.0+cpu", head="2.14.1"))
        apart.append(Apart(kind="package", name="on one side only", base="h5py 3.1", head="–"))
        apart.append(Apart(kind="pytorch", name="build", base="MKL", head="OpenBLAS"))
        apart.append(Apart(kind="package", name="torch-cpu", base="2.13.0", head="2.14.1"))
        made = numbers("moved")
        subjects = {name: structs.replace(it, package="torch") for name, it in made.conditions.subjects.items()}
        now = structs.replace(made.conditions, subjects=subjects)
        return structs.replace(made, differences=apart, conditions=now)

    found = compare({"a": differing("numpy"), "b": differing(), "c": differing("a", "b", "c", "d", "e")})
    one, none, many = matrix.compared(found)
    assert one.endswith("numbers: 1 moved. Other versions, too: numpy 1.0 → 2.0.")
    assert none.endswith("numbers: 1 moved.")
    assert many.endswith("Other versions, too: a 1.0 → 2.0, b 1.0 → 2.0, c 1.0 → 2.0 and 2 more packages.")
    print_matrix(found, Console(width=300))
    assert one in capsys.readouterr().out
    assert {"numpy": ("1.0", "2.0")} == found.heads[0].packages


def test_markdown_and_junit_hold_the_same(compare: Callable[..., Matrix], tmp_path: Path) -> None:
    """The table in Markdown; a case for each row of each head, an error for one that does not start."""
    exported.export(exported.of_matrix(compare(several())), tmp_path, "matrix")
    lines = (tmp_path / "matrix.md").read_text(encoding="utf-8").splitlines()
    assert "| autoencoder | framework | what | a | b | c |" in lines
    assert any(r"no \<interpreter\>" in line for line in lines)
    suite = ElementTree.parse(tmp_path / "matrix.xml").getroot()
    told = [it.text for case in suite.iter("testcase") for it in case.iter("system-out")]
    assert 2 == len(told) == len([text for text in told if str(text).startswith("moved: ")]), "what moved is told"
    assert ("7", "4", "1", "0") == tuple(suite.get(name) for name in ("tests", "failures", "errors", "skipped"))
    documents.read(tmp_path / "out" / "matrix.json", "matrix")
    assert json.loads((tmp_path / "out" / "matrix.json").read_text())["heads"][1]["outcomes"][0]["row"] == "gradients"


def test_heads_that_make_no_sense_are_refused_before_anything_runs(tmp_path: Path) -> None:
    """A misspelt autoencoder, the same one twice, base itself, a wrong framework; one that is not there or does not
    start is a column, unless none is left."""
    other = str(other_environments.make(tmp_path / "other"))
    asked = Asked(HERE, HERE, Options(("linear",), ()), frameworks=("reference",), only=("numbers",))
    for heads, words in (
        (["staked"], "Nor is 'staked' an autoencoder; did you mean 'stacked'?"),
        ([other, other], "is named more than once"),
        (["here"], "here and here are one environment"),
        (["here", other], "here and here are one environment"),
    ):
        with pytest.raises(UsageError) as caught:
            matrix.planned(asked, heads)
        assert words in str(caught.value)
    for changes, words in (
        ({"frameworks": ("reference@x",)}, "names an environment"),
        ({"timed": ("linear",)}, "linear cannot be timed where only numbers is compared"),
    ):
        with pytest.raises(UsageError, match=words):
            matrix.planned(replace(asked, **changes), [other])  # type: ignore[arg-type]
    empty = str(other_environments.make(tmp_path / "empty", packages=False))
    started, lacking, missing = matrix.planned(asked, [other, empty, "tensorflow-2.99"])
    assert (None, "other", True) == (started.failure, started.name, started.plan is not None)
    assert (True, None) == ("lacks what its processes need" in str(lacking.failure), lacking.plan)
    assert (True, None) == ("unknown environment 'tensorflow-2.99'" in str(missing.failure), missing.plan)
    with pytest.raises(UsageError, match=r"lacks what its processes need.*; unknown environment 'torch-9'"):
        matrix.planned(asked, [empty, "torch-9"])


def test_what_is_wrong_with_base_is_said_once(tmp_path: Path) -> None:
    """However many heads there are to be compared with it."""
    first, second, empty = (
        other_environments.make(tmp_path / name, packages=name != "empty") for name in ("first", "second", "empty")
    )
    asked = Asked(side(str(empty)), HERE, Options(("linear",), ()), frameworks=("reference",), only=("numbers",))
    with pytest.raises(UsageError) as caught:
        matrix.planned(asked, [str(first), str(second)])
    assert 1 == str(caught.value).count("lacks what its processes need")


def test_a_head_that_says_something_of_an_unknown_framework_is_refused(compare: Callable[..., Matrix]) -> None:
    """Its versions are what its sentences begin with."""
    (head,) = compare({"a": numbers("moved")}).heads
    with pytest.raises(ValueError, match="a says something of pytorch, and not its versions"):
        structs.replace(head, versions={})

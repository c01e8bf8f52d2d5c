"""The file of limits: what people write into it is kept, and what is wrong in it has a sentence and is never green."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from gates import trials, written

from aebench.cli import main
from aebench.comparison import accepting, limited
from aebench.comparison.accepting import Acceptance, accept
from aebench.comparison.gate import Gated, held
from aebench.comparison.rows import rows
from aebench.comparison.unmatched import Scope
from aebench.comparison.verdict import status
from aebench.errors import ResultError, UsageError
from aebench.records import documents, limits
from aebench.records.baselines import trials_of
from aebench.records.limiting import brought_in_line

ENTRY = "[mnist-source-float32-cpu.tied.test_mse]"
TODAY = datetime.date.today()


@pytest.fixture(autouse=True)
def one_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that begin before midnight end on the same day."""

    class Day(datetime.date):
        @classmethod
        def today(cls) -> datetime.date:  # type: ignore[override]
            return TODAY

    for module in (accepting, limited):
        monkeypatch.setattr(module, "datetime", SimpleNamespace(date=Day))


def accepted(folder: Path, found: list[dict[str, Any]], **options: Any) -> Acceptance:
    """Accept a run of these trials into `to`."""
    return accept([written(folder / "accepted", found)], reason="why", folder=folder / "to", **options)


def edited(folder: Path, *changes: tuple[str, str]) -> Path:
    """The file of limits, edited by hand."""
    path = folder / "to" / "limits.toml"
    head, _, text = path.read_text(encoding="utf-8").partition("\n\n")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(f"{head}\n\n{text}", encoding="utf-8")
    return path


@pytest.fixture
def gate(tmp_path: Path) -> Callable[..., Gated]:
    """Hold trials of those errors against what was accepted, after the file of limits was edited by hand."""
    accepted(tmp_path, trials())

    def hold(*changes: tuple[str, str], factor: float = 1.0, scope: Scope | None = None) -> Gated:
        edited(tmp_path, *changes)
        return held(written(tmp_path / "run", trials(factor)), scope or Scope(), tmp_path / "to")

    return hold


def test_accepting_writes_a_limit_for_each_row(tmp_path: Path) -> None:
    """The margin with its reason, the accepted median, the day; in a form that is read as it is written."""
    text = accepted(tmp_path, trials()).limits.read_text(encoding="utf-8")
    expected = (
        f'{ENTRY}\nlimit = "5 %"\nreason = "the median change of the published errors from one epoch to the next"\n'
        f"accepted = {{pytorch = 0.0102}}\ndate = {TODAY}\n"
    )
    assert expected in text
    entry = limits.read(tmp_path / "to" / "limits.toml").of["mnist-source-float32-cpu"]["tied", "test_mse"]
    assert isinstance(entry, limits.Limit)
    margin = entry.margin("pytorch")
    assert margin is not None
    assert (0.05, True) == (margin.value, margin.relative)


def test_what_was_written_by_hand_outlives_the_next_accept(tmp_path: Path) -> None:
    """Limit, reason, expiry and comments stay; the value is renewed, told as a change, and kept in the history."""
    accepted(tmp_path, trials())
    later = TODAY + datetime.timedelta(days=9)
    edited(
        tmp_path,
        ('limit = "5 %"\nreason', f'# ours\nlimit = "7 %" # wider\nexpires = {later}\nreason'),
        ("the median change", "the new optimiser"),
    )
    found = accepted(tmp_path, trials(1.1))
    text = found.limits.read_text(encoding="utf-8")
    assert f'{ENTRY}\n# ours\nlimit = "7 %" # wider\nexpires = {later}\nreason = "the new optimiser' in text
    assert "accepted = {pytorch = 0.01122}" in text
    change = {"autoencoder": "tied", "framework": "pytorch", "metric": "test_mse", "old": 0.0102, "new": 0.01122}
    entry = documents.read(found.baseline, "baseline")["history"][-1]
    assert ("why", [change]) == (entry["reason"], entry["changes"])


def test_what_is_not_accepted_anew_keeps_its_date_and_expiry(tmp_path: Path) -> None:
    """Only the entries of the autoencoders that were accepted now, and new ones, are of today."""
    path = tmp_path / "limits.toml"
    then, later = TODAY - datetime.timedelta(days=9), TODAY + datetime.timedelta(days=9)
    known = [limits.Row(name, "test_mse", "", {"pytorch": 0.5}, None) for name in ("tied", "stacked")]
    path.write_text(brought_in_line(path, "baseline", "0" * 64, known, today=then, renewed=()), encoding="utf-8")
    new = limits.Row("sparse", "test_mse", "", {"pytorch": 0.5}, None)
    renewed = brought_in_line(
        path, "baseline", "0" * 64, [*known, new], today=TODAY, renewed=["tied"], expires=later
    )  # fmt: skip
    path.write_text(renewed, encoding="utf-8")
    entries = limits.read(path).of["baseline"].items()
    found = {name: (it.date, it.expires) for (name, _), it in entries if isinstance(it, limits.Limit)}
    assert {"tied": (TODAY, later), "stacked": (then, None), "sparse": (TODAY, later)} == found


def test_a_row_that_is_gone_takes_its_limit_along(tmp_path: Path) -> None:
    """Other autoencoders' limits stay as they are; the change says that there is no new value."""
    stacked = [{**trial, "autoencoder": "stacked"} for trial in trials()]
    accepted(tmp_path, [*trials(), *stacked])
    metric = trials()[0]["metrics"]["test_mse"]
    found = accepted(tmp_path, [{**trial, "metrics": {"train_mse": metric}} for trial in trials()])
    known = limits.read(found.limits).of["mnist-source-float32-cpu"]
    assert {"stacked", "tied"} == {name for name, _ in known}
    assert (False, True, True) == tuple(
        key in known for key in (("tied", "test_mse"), ("tied", "train_mse"), ("stacked", "test_mse"))
    )
    assert [("test_mse", None)] == [(change.metric, change.new) for change in found.changes]


def test_an_expiry_is_set_and_told_once_it_is_past(tmp_path: Path) -> None:
    """`--expires` sets it on the rows accepted now; a day that is past is refused; an expired one is told."""
    accepted(tmp_path, trials(), expires=TODAY)
    edited(tmp_path, (f"expires = {TODAY}", "expires = 2020-01-01"))
    assert ("tied, test_mse",) == accepted(tmp_path, trials()).expired
    with pytest.raises(UsageError, match="expired before they are written"):
        accepted(tmp_path, trials(), expires=TODAY - datetime.timedelta(days=1))


def test_a_limit_holds_on_its_last_day(gate: Callable[..., Gated]) -> None:
    """The day that `expires` names is still inside."""
    assert () == gate((f"date = {TODAY}", f"date = {TODAY}\nexpires = {TODAY}")).findings


def test_a_limit_decides(gate: Callable[..., Gated]) -> None:
    """8 % worse fails at 5 %, and passes at 50 %, at an absolute limit, and at that of its framework. Without any limit
    nothing is compared, and that is not green."""
    assert 1 == status(gate(factor=1.08).findings)
    before = 'limit = "5 %"'
    for after in ('limit = "50 %"', "limit = 0.01", 'limit = {pytorch = "50 %"}'):
        assert () == gate((before, after), factor=1.08).findings
        before = after
    (finding,) = gate((before, 'limit = "none"'), factor=1.08).findings
    assert ("undecided", "none of its metrics has a margin") == (finding.weight, finding.sentence)


FAULTS: dict[str, tuple[list[tuple[str, str]], str]] = {
    "row without a limit": ([(ENTRY, ENTRY.replace("test_mse", "train_mse"))], "it has no limit; write one"),
    "limit without a row": (
        [(ENTRY, ENTRY.replace("test", "tset"))], "it has a limit and no row in the baseline; did you mean 'test_mse'?"
    ),
    "autoencoder misspelt": ([(ENTRY, ENTRY.replace("tied", "teid"))], "did you mean 'tied'?"),
    "baseline misspelt": (
        [(ENTRY, ENTRY.replace("mnist", "mnits"))], "no baseline mnits-source-float32-cpu; did you mean 'mnist-source"
    ),
    "expired": ([(f"date = {TODAY}", "date = 2020-01-01\nexpires = 2020-02-01")], "its limit expired on 2020-02-01"),
    "field misspelt": ([("limit =", "limt =")], "Object contains unknown field `limt`; did you mean 'limit'?"),
    "field unknown": ([("limit =", "colour = 3\nlimit =")], "Object contains unknown field `colour`"),
    "no unit that is known": ([('"5 %"', '"5 percent"')], "the limit is '5 percent', expected a number above 0"),
    "not a number": ([('"5 %"', "nan")], "the limit is nan, expected a number above 0"),
    "nothing allowed": ([('"5 %"', "0")], "the limit is 0.0, expected a number above 0"),
    "below nothing": ([('"5 %"', "-1")], "the limit is -1.0, expected"),
    "whatever": ([('"5 %"', "inf")], "the limit is inf, expected"),
    "a truth value": ([('"5 %"', "true")], "got `bool` - at `$.limit`"),
    "NaN accepted": ([("pytorch = 0.0102", "pytorch = nan")], "the value accepted in pytorch is nan"),
    "another value": ([("pytorch = 0.0102", "pytorch = 0.0103")], "0.0103 is accepted in pytorch, and the"),
    "its last digit": ([("pytorch = 0.0102", "pytorch = 0.010200001")], "0.0102 is accepted in pytorch, and the"),
    "nothing accepted": ([("{pytorch = 0.0102}", "{}")], "no value is accepted in any framework"),
    "another framework": ([("pytorch = 0.0102", "tensorflow = 0.0102")], "no value is accepted in pytorch"),
    "one framework too many": (
        [("pytorch = 0.0102", "pytorch = 0.0102, jax = 1.0")], "accepted in jax, and the baseline has no such row"
    ),
    "no limit in a framework": ([('"5 %"', '{tensorflow = "5 %"}')], "it has no limit in pytorch; name one for it"),
    "no reason": ([('reason = "the', 'reason = ""#')], "the reason is empty"),
    "no date": ([(f"date = {TODAY}", 'date = "soon"')], "- at `$.date`"),
    "another baseline": ([('-cpu = "', '-cpu = "0')], "is not the file that the limits were written for"),
    "no digest": (
        [('\nmnist-source-float32-cpu = "', '\nanother = "')], "is not the file that the limits were written for"
    ),
    "no entry": ([(ENTRY, f"[mnist-source-float32-cpu.tied]\ntest_mse = 5\n{ENTRY[:-9]}x]")], "Expected `object`"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_the_file_is_never_green(gate: Callable[..., Gated], name: str) -> None:
    """Each has its sentence, and the status of what could not be compared."""
    changes, words = FAULTS[name]
    found = gate(*changes)
    assert 2 == status(found.findings)
    assert [words] == [words for finding in found.findings if words in finding.sentence]


UNREADABLE: dict[str, tuple[str, str]] = {
    "truncated": ('limit = "5', "is no TOML"),
    "another format": ('{"limit": 5}', "is no TOML"),
    "twice": ("[a.b.c]\nlimit = 1\n[a.b.c]\nlimit = 2", "is no TOML"),
    "no table": ("limit = 5", "limit is 5, expected an entry under"),
    "a table too few": ("[mnist-source-float32-cpu]\ntied = 5", "mnist-source-float32-cpu.tied is 5, expected"),
    "empty": ("", "no row of mnist-source-float32-cpu has a limit there"),
}


@pytest.mark.parametrize("name", [*UNREADABLE, "missing"])
def test_an_unreadable_file_ends_with_one_line(tmp_path: Path, name: str) -> None:
    """Status 2 and what to do; `accept` refuses it, too, and leaves the baseline as it was."""
    found = accepted(tmp_path, trials())
    text, words = UNREADABLE.get(name, ("", "there is no"))
    if name == "missing":
        found.limits.unlink()
    else:
        found.limits.write_text(text, encoding="utf-8")
    run = written(tmp_path / "run", trials())
    shown = CliRunner().invoke(main, ["gate", str(run), "--to", str(tmp_path / "to")])
    assert (2, True) == (shown.exit_code, words in shown.output)
    if name not in ("missing", "empty"):
        before = found.baseline.read_bytes()
        if name in ("truncated", "another format", "twice"):
            with pytest.raises(ResultError, match=r"limits\.toml"):
                accepted(tmp_path, trials(2.0))
            assert before == found.baseline.read_bytes()


def test_a_damaged_entry_is_not_accepted_over(tmp_path: Path) -> None:
    """What was written by hand is mended by hand; neither file changes."""
    found = accepted(tmp_path, trials())
    path = edited(tmp_path, ('"5 %"', '"five"'))
    before = found.baseline.read_bytes(), path.read_bytes()
    with pytest.raises(ResultError, match=r"tied.test_mse\]: the limit is 'five'.*or remove the entry"):
        accepted(tmp_path, trials(2.0))
    assert before == (found.baseline.read_bytes(), path.read_bytes())


def test_the_limits_here_are_those_of_the_baselines_here() -> None:
    """What the repository holds: every row has an entry with the value of the baseline, and every entry a row."""
    results = Path(__file__).parents[1] / "results"
    known = limits.read(results / "limits.toml")
    digests = {path.stem: limits.digest(path) for path in (results / "baselines").glob("*.json")}
    assert (digests, set(digests)) == (known.digests, set(known.of))
    for name, entries in known.of.items():
        wanted = {
            (row.autoencoder, row.metric): row.accepted
            for row in rows(trials_of(results / "baselines" / f"{name}.json"))
        }
        assert wanted == {key: entry.accepted for key, entry in entries.items() if isinstance(entry, limits.Limit)}


def test_the_accepted_baseline_goes_through_its_own_gate() -> None:
    """Its trainings against themselves: identical in every metric, within limits that hold."""
    results = Path(__file__).parents[1] / "results"
    for path in (results / "baselines").glob("*.json"):
        found = held(path, folder=results)
        assert {"identical"} == {quality.verdict for quality in found.quality}
        assert {"moved"} >= {finding.weight for finding in found.findings}
        assert 0 == status(found.findings)


FORMS = {
    "dotted keys": "mnist-source-float32-cpu.tied.test_mse.limit = '7 %'\n"
    "mnist-source-float32-cpu.tied.test_mse.reason = 'x'\n"
    "mnist-source-float32-cpu.tied.test_mse.accepted = {pytorch = 1.0}\n"
    "mnist-source-float32-cpu.tied.test_mse.date = 2026-11-24\n",
    "one inline table": "mnist-source-float32-cpu = {tied = {test_mse = {limit = '7 %', reason = 'x', accepted = "
    "{pytorch = 1.0}, date = 2026-11-24}}}\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_an_unusual_form_is_refused(tmp_path: Path, form: str) -> None:
    """TOML has several forms of a table, not all of which can be edited in place; then nothing is written."""
    found = accepted(tmp_path, trials())
    found.limits.write_text(FORMS[form], encoding="utf-8")
    before = found.baseline.read_bytes(), found.limits.read_bytes()
    with pytest.raises(ResultError, match="write each entry as a table of its own"):
        accepted(tmp_path, trials(factor=1.5))
    assert before == (found.baseline.read_bytes(), found.limits.read_bytes())


def test_a_folder_in_the_page_s_place_changes_nothing(tmp_path: Path) -> None:
    found = accepted(tmp_path, trials())
    before = found.baseline.read_bytes(), found.limits.read_bytes()
    (tmp_path / "to" / "README.md").mkdir()
    with pytest.raises(UsageError, match=r"README\.md is a folder"):
        accepted(tmp_path, trials(factor=1.5))
    assert before == (found.baseline.read_bytes(), found.limits.read_bytes())


def test_a_link_stays_one(tmp_path: Path) -> None:
    """The file that it leads to gets the new values."""
    found = accepted(tmp_path, trials())
    elsewhere = tmp_path / "elsewhere.toml"
    found.limits.rename(elsewhere)
    found.limits.symlink_to(elsewhere)
    accepted(tmp_path, trials(factor=1.5))
    assert found.limits.is_symlink()
    assert limits.read(elsewhere).digests[found.baseline.stem] == limits.digest(found.baseline)


def test_a_limit_of_a_framework_without_a_row_is_told(gate: Callable[..., Gated]) -> None:
    found = gate(('limit = "5 %"', 'limit = {pytorch = "5 %", jax = "5 %"}'))
    assert ["it has a limit in jax, and the baseline has no such row; remove it"] == [
        finding.sentence.partition(" (")[0] for finding in found.findings
    ]


def test_a_limit_of_another_framework_than_asked_for_stays(gate: Callable[..., Gated], tmp_path: Path) -> None:
    """Of a baseline's frameworks one is named: the others' entries are none of its business."""
    accepted(tmp_path, [*trials(), *({**t, "framework": "tensorflow", "metrics": {"other": {
        "value": 1.0, "unit": "x", "better": "lower"}}} for t in trials())])  # fmt: skip
    run = written(tmp_path / "run", trials())
    found = held(run, Scope(frameworks=("pytorch",)), tmp_path / "to")
    assert not [finding for finding in found.findings if "other" in finding.about]


def test_a_share_beyond_reason_is_no_limit() -> None:
    with pytest.raises(ValueError, match='more than 1000%; where a row may move however far, write "none"'):
        limits._read_size("1001 %")
    assert 10.0 == limits._read_size("1000 %")

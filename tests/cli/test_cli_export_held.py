"""Which records and formats `aebench export` and `--export` take, how often each counts, and what they say."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from importlib import util
from pathlib import Path

import pytest
from comparisons import climbed
from comparisons import record as compared
from examples import trial
from exporting import called, rows

from aebench.cli.exporting import MADE_OF_TABLES
from aebench.records import documents
from aebench.records.fields import plain
from aebench.report.formats import FORMATS


def test_a_record_counts_once_however_it_is_named(run: Callable[..., Path]) -> None:
    """By its folder, by a path that leads there the other way round, and by a link."""
    run()
    Path("link").symlink_to("run")
    names = ("run", "run/../run/result.json", str(Path("run").resolve()), "link")
    status, said = called("export", *names, "-o", "out")
    assert (0, [("tied", "0.5")]) == (
        status,
        [(it["autoencoder"], it["value"]) for it in rows(Path("out/metrics.csv"))],
    )
    assert "record" not in rows(Path("out/metrics.csv"))[0], said


def test_a_trial_counts_once_however_it_is_named(run: Callable[..., Path]) -> None:
    """It is a part of a run, and a record all the same where it is named."""
    documents.write(run() / "trial.json", "trial", trial("pytorch", 1, 0.25))
    assert 0 == called("export", "run/trial.json", "./run/../run/trial.json", "-o", "out")[0]
    assert ["0.25"] == [it["value"] for it in rows(Path("out/metrics.csv"))]


def test_every_record_of_a_folder_is_exported(run: Callable[..., Path]) -> None:
    """A run and a comparison that lie in one, each in a folder of its own."""
    documents.write(run() / "comparison.json", "comparison", plain(compared(climbed("float64"))))
    assert 0 == called("export", "run", "-o", "out")[0]
    assert ("tied", "identical") == (rows(Path("out/run/trials.csv"))[0]["autoencoder"],
                                     rows(Path("out/comparison/numbers.csv"))[0]["verdict"])  # fmt: skip


def test_every_format_is_written_and_every_file_is_named(run: Callable[..., Path]) -> None:
    """Each path stands on a line of its own, once; nothing else is there."""
    run()
    status, said = called("export", "run", "--format", "csv,json,junit", "-o", "out")
    assert (0, sorted(map(str, Path("out").iterdir()))) == (status, sorted(said.splitlines()))
    assert {".csv", ".json", ".xml"} == {path.suffix for path in Path("out").iterdir()}


def test_the_files_are_counted(run: Callable[..., Path]) -> None:
    """In what a command says of the tables that it leaves: of each format each table."""
    run()
    status, said = called("quality", "run", "--export", "csv,json", "-o", "out")
    count = len(list(Path("out/tables").iterdir()))
    assert (0, True) == (status, f"Tables: out/tables ({count} files)" in said), said
    assert count > 2


def test_without_the_option_no_tables_are_left(run: Callable[..., Path]) -> None:
    """Nor where a folder is at hand, as the project's file may say."""
    run()
    Path("aebench.toml").write_text('[options]\noutput = "out"\n')
    status, said = called("quality", "run")
    assert (0, False, False) == (status, "Tables:" in said, Path("out").exists()), said
    assert 0 == called("quality", "run", "--export", "csv")[0]
    assert Path("out/tables/means.csv").is_file()


def test_what_a_project_asks_for_is_left_where_there_is_a_folder(run: Callable[..., Path]) -> None:
    """Where the command names none, it shows what it shows, and ends as without."""
    run()
    Path("aebench.toml").write_text('[options]\nexport = "csv"\n')
    status, said = called("quality", "run")
    assert (0, False) == (status, "Tables:" in said), said
    assert 0 == called("quality", "run", "-o", "out")[0]
    assert Path("out/tables/means.csv").is_file()


@pytest.mark.parametrize("words", [("export", "run", "--format"), ("quality", "run", "-o", "out", "--export")], ids=str)
def test_what_cannot_be_written_here_is_said_before_anything_is_read(
    run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """Planted: Parquet without its package, and a record that is damaged."""
    found = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name, *rest: None if name == "pyarrow" else found(name, *rest))
    (run() / "result.json").write_text("{")
    status, said = called(*words, "csv,parquet")
    assert (2, True) == (status, "Parquet needs the package pyarrow, which is not installed" in said), said


def test_the_format_that_is_unknown_is_named(run: Callable[..., Path]) -> None:
    """And not those beside it."""
    run()
    status, said = called("export", "run", "--format", "csv,marcdown,json")
    assert (2, True) == (status, "unknown format 'marcdown'; did you mean 'markdown'?" in said), said


def test_the_help_promises_no_format_that_is_refused() -> None:
    """What `--export` lists are the formats of tables, in their order, and no other."""
    assert tuple(FORMATS) == MADE_OF_TABLES


def test_tables_lie_beside_the_record_that_is_named(run: Callable[..., Path]) -> None:
    """Of a copy beside the copy, whatever the present folder is."""
    shutil.copytree(run(), "far/away")
    assert 0 == called("export", "far/away/result.json")[0]
    assert ([Path("far/away/tables")], []) == ([*Path("far").rglob("tables")], [*Path("run").rglob("tables")])

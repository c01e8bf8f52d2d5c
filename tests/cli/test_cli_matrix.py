"""`aebench compare --base` as a user calls it."""

from __future__ import annotations

import contextlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import other_environments
import psutil
import pytest
from comparisons import climbed, record

from aebench.cli.comparing import _tell_of_scripts
from aebench.comparison.comparing import Asked
from aebench.processes.environments import Environment
from aebench.records import documents
from aebench.records.store import WANTED
from aebench.running.options import Options

NUMBERS = ("--only", "numbers", "-f", "reference")


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of environments: `same` and `again` hold what this one does, `empty` holds nothing."""
    root = tmp_path_factory.mktemp("environments")
    for name in ("same", "again"):
        other_environments.make(root / name)
    other_environments.make(root / "empty", packages=False)
    return root


def read(folder: Path) -> dict[str, Any]:
    """The comparison that is kept in the folder."""
    return documents.read(folder / "comparison.json", "comparison")


def test_one_table_of_all_heads_in_which_one_does_not_start(aebench, places: Path, tmp_path: Path) -> None:
    """The others stand, the status is 2; each comparison goes on by itself, and a second call computes nothing."""
    heads = [str(places / name) for name in ("same", "empty", "again")]
    words = ("compare", "--base", "here", *heads, "linear", *NUMBERS, "-o", "out")
    shown = aebench(*words)
    assert 2 == shown.returncode, shown.stderr
    lines = shown.stdout.splitlines()
    assert f"here → same, {heads[1]}, again: 1 could not be compared." == lines[0]
    (row,) = (line.split() for line in lines if line.startswith("linear "))
    assert ["linear", "reference", "numbers", "identical", "●", "not", "compared", "identical"] == row
    assert f"not compared: {heads[1]}: environment '{heads[1]}' lacks what its processes need" in shown.stdout
    assert {"same", "again", "matrix.json", "matrix.md", "matrix.xml"} == {
        path.name for path in (tmp_path / "out").iterdir() if not path.name.startswith(".")
    }
    kept = {name: read(tmp_path / "out" / name)["numbers"] for name in ("same", "again")}
    suite = ElementTree.parse(tmp_path / "out" / "matrix.xml").getroot()
    assert ("3", "1") == (suite.get("tests"), suite.get("errors"))
    ones = {name: ElementTree.parse(tmp_path / "out" / name / "comparison.xml").getroot() for name in kept}
    expected = {name: f"aebench compare here {name}" for name in kept}
    assert expected == {name: root.get("name") for name, root in ones.items()}
    assert all((tmp_path / "out" / name / "comparison.md").exists() for name in kept)
    again = aebench(*words)
    assert (2, shown.stdout) == (again.returncode, again.stdout)
    assert ": numbers: " not in again.stderr
    # As text, since NaN is not equal to itself.
    assert repr(kept) == repr({name: read(tmp_path / "out" / name)["numbers"] for name in kept})
    # One of them alone is the comparison that is there.
    alone = aebench("compare", "here", heads[0], "linear", *NUMBERS, "-o", "out/same")
    assert (0, "") == (alone.returncode, alone.stderr)


def test_base_is_climbed_and_trained_once(aebench, places: Path, tmp_path: Path) -> None:
    """For all heads together, and its traces are gone in the end; each head climbs and trains by itself."""
    heads = [str(places / name) for name in ("same", "again")]
    words = ("compare", "--base", "here", *heads, "linear", "-f", "reference", "-o", "out")
    shown = aebench(*words, "--only", "numbers,quality", "-s", "0")
    assert 0 == shown.returncode, shown.stderr
    trained = [line.split("] ")[1] for line in shown.stderr.splitlines() if ", seed 0: " in line]
    names = [line.split(", ")[1] for line in trained]
    assert ["reference", "reference@same", "reference", "reference@again"] == names
    assert [False, False, True, False] == [line.endswith("(before)") for line in trained]
    assert [] == [*tmp_path.rglob("traces")]
    for name in ("same", "again"):
        assert {"identical"} == {row["verdict"] for row in read(tmp_path / "out" / name)["numbers"]}


@pytest.mark.parametrize("name", ["processes", pytest.param("ray", marks=pytest.mark.slow)])
def test_an_executor_s_table_is_the_same(aebench, places: Path, tmp_path: Path, name: str) -> None:
    """Records and table are those of a call without one, though a worker is killed in the middle of a climb; a second
    call climbs nothing."""
    if name == "ray":
        pytest.importorskip("ray", reason="ray is not installed: pip install 'aebench[executors]'")
    (tmp_path / "aebench.toml").write_text(f"[executor.{name}]\nworkers = 2\n")
    words = ("compare", "--base", "here", *(str(places / head) for head in ("same", "again")), "linear", *NUMBERS)
    with ThreadPoolExecutor(1) as threads:
        killed = threads.submit(kill_a_worker, tmp_path / "out")
        there = aebench(*words, "--executor", name, "-o", "out")
        assert killed.result(), there.stderr
    assert (0, 1) == (there.returncode, there.stderr.count("linear, reference: numbers: its worker was lost ("))
    here = aebench(*words, "-o", "alone")
    assert (here.returncode, here.stdout.replace("alone/", "out/")) == (0, there.stdout), there.stderr
    for head in ("same", "again"):
        assert repr(read(tmp_path / "alone" / head)) == repr(read(tmp_path / "out" / head))
    assert [] == [*tmp_path.rglob("traces"), *tmp_path.rglob(WANTED)]
    again = aebench(*words, "--executor", name, "-o", "out")
    assert (0, there.stdout, False) == (again.returncode, again.stdout, ": numbers: " in again.stderr)


def kill_a_worker(folder: Path) -> bool:
    """Kill the executor's worker that climbs first in the folder; whether there was one."""
    deadline = time.monotonic() + 120.0
    while time.monotonic() < deadline:
        for trace in folder.glob("*/traces/*"):
            with contextlib.suppress(psutil.Error):
                psutil.Process(int(trace.name.split("-")[0])).kill()
                return True
        time.sleep(0.05)
    return False


def test_known_differences_are_read_where_they_are(aebench, places: Path, tmp_path: Path) -> None:
    """results/known.toml is read without being named; a damaged file ends the call before anything is computed, and
    plain `compare` takes none."""
    words = ("compare", "--base", "here", str(places / "same"), "linear", *NUMBERS, "--dry-run")
    known = tmp_path / "results" / "known.toml"
    known.parent.mkdir()
    known.write_text("[[known]]\n")
    refused = aebench(*words)
    assert (2, True) == (refused.returncode, "results/known.toml: " in refused.stderr)
    known.rename(tmp_path / "mine.toml")
    refused = aebench(*words, "--known", "mine.toml")
    assert (2, True) == (refused.returncode, "mine.toml: " in refused.stderr)
    refused = aebench("compare", "here", str(places / "same"), "linear", "--known", "mine.toml", "--dry-run")
    assert (2, True) == (refused.returncode, "--known is for several heads" in refused.stderr)
    (tmp_path / "mine.toml").write_text("")
    assert 0 == aebench(*words, "--known", "mine.toml").returncode


def test_a_dry_run_names_every_head(aebench, places: Path, tmp_path: Path) -> None:
    """What would be compared with each, and what does not start; nothing is written."""
    heads = [str(places / name) for name in ("same", "empty")]
    shown = aebench("compare", "--base", "here", *heads, "linear", *NUMBERS, "--dry-run")
    assert (2, []) == (shown.returncode, [*tmp_path.iterdir()]), "as the comparison would end"
    assert "numbers of reference – reference@same, in linear, on curve." in shown.stdout
    assert f"{heads[1]}: not compared: environment '{heads[1]}' lacks" in shown.stdout


def test_a_damaged_table_is_refused(aebench, places: Path, tmp_path: Path) -> None:
    """What stands there is not overwritten."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "matrix.json").write_text(json.dumps({"format": documents.FORMATS["matrix"], "base": 3}))
    refused = aebench("compare", "--base", "here", str(places / "same"), "linear", *NUMBERS, "-o", "out")
    assert (2, True) == (refused.returncode, "is truncated or damaged" in refused.stderr)


def test_the_first_head_of_which_a_script_shows_something_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """None of what is as before, and none of two bundles, in which nothing is computed; one line for all heads."""
    old, new = (Environment(name, Path(name), name) for name in ("old", "new"))
    bundle = Environment("a.zip", None, "a.zip", bundle=Path("a.zip"))
    of_bundles, asked = (Asked(base, head, Options((), ())) for base, head in ((bundle, bundle), (old, new)))
    same, moved = (record(climbed("float64", verdict)) for verdict in ("identical", "moved"))
    rows = [(asked, same, Path("out/a")), (of_bundles, moved, Path("out/b")), *[(asked, moved, Path("out/c"))] * 2]
    _tell_of_scripts(rows)
    said = "What parted or moved, as a script without aebench: aebench reproduce out/c -o issue\n"
    assert said == capsys.readouterr().out
    _tell_of_scripts(rows[:2])
    assert "" == capsys.readouterr().out

"""`aebench compare` and `aebench environments` as a user calls them."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
from pathlib import Path

import other_environments
import pytest

from aebench.records import documents

ROOT = Path(__file__).parents[2]
LINEAR = "implementations/reference/linear.py"
NUMBERS = ("--only", "numbers", "-f", "reference")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that holds what this one does."""
    return other_environments.make(tmp_path_factory.mktemp("environments") / "other")


def git(folder: Path, *arguments: str) -> None:
    """Call git there, as somebody."""
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of this project: tag `sound`, tag `same` that changes no code, tag `wrong` with a fault in stacked,
    tag `unbuilt` that does not build, tag `broken` whose project file is broken, tag `nothing` without a package."""
    root = tmp_path_factory.mktemp("checkout") / "project"
    root.mkdir()
    for name in ("aebench", "implementations"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, root / name)
    git(root, "init", "-q", "-b", "main")
    for tag, path, change in (
        ("sound", None, ("", "")),
        ("same", "README.md", ("# aebench", "# aebench, again")),
        (
            "wrong",
            "implementations/reference/linear.py",
            ("= self.decoder1(codings)", "= 1.001 * self.decoder1(codings)"),
        ),
        ("unbuilt", "setup.py", ("", "raise RuntimeError('no compiler')")),
        ("broken", "pyproject.toml", ("[project]", "[project")),
        ("nothing", "pyproject.toml", None),
    ):
        if path and change:
            text = (root / path).read_text() if (root / path).exists() else ""
            (root / path).write_text(text.replace(*change))
            assert (root / path).read_text() != text
        elif path:
            (root / path).unlink()
        git(root, "add", "-A")
        git(root, "commit", "-q", "--allow-empty", "-m", tag)
        git(root, "tag", tag)
    return root


def test_two_environments_alike_are_identical(aebench, other: Path, tmp_path: Path) -> None:
    """Verdict first, then what was compared; status 0; the record says both, and a second call computes nothing."""
    words = ("compare", "here", str(other), "linear", *NUMBERS, "-o", "out")
    shown = aebench(*words)
    assert 0 == shown.returncode, shown.stderr
    first, second = shown.stdout.splitlines()[:2]
    assert "here → other: nothing got worse." == first
    assert second.startswith("Numbers: 1 autoencoder, ")
    assert second.endswith(": 2 identical of 2 climbs.")
    found = documents.read(tmp_path / "out" / "comparison.json", "comparison")
    assert (True, ["identical"] * 2) == (found["complete"], [row["verdict"] for row in found["numbers"]])
    again = aebench(*words)
    assert (0, "", shown.stdout) == (again.returncode, again.stderr, again.stdout)
    also = aebench("compare", "here", str(other), "linear", "--only", "memory", "-f", "reference", "-o", "out",
                   "--time-limit", "0.001")  # fmt: skip
    assert "here → other: 1 undecided." == also.stdout.splitlines()[0]
    assert (125, True) == (also.returncode, "2 identical of 2 climbs" in also.stdout)
    refused = aebench(*words, "--seeds", "1")
    assert (2, True) == (refused.returncode, "was measured differently (seeds: [0, 1, 2," in refused.stderr)


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="the other kernels are for another machine")
def test_what_moved_within_the_bounds_passes_and_is_told(aebench, tmp_path: Path) -> None:
    """Other kernels of NumPy's library are another rounding: moved, by how much, and the command that shows it."""
    core = "Nehalem" if "Nehalem" not in platform.processor() else "Haswell"
    (tmp_path / "aebench.toml").write_text(f'[environments.kernels]\nvariables = {{OPENBLAS_CORETYPE = "{core}"}}\n')
    shown = aebench("compare", "here", "kernels", "linear", *NUMBERS, "-o", "out")
    assert 0 == shown.returncode, shown.stderr
    assert "moved: reference, float64: 1 of 1 moved, within the bounds; most linear, from rung " in shown.stdout
    assert "They differ in variable, reference: aebench environments diff here kernels" in shown.stdout
    assert "again with: aebench compare here kernels linear -f reference --only numbers" in shown.stdout


def test_commits_are_compared_each_with_its_own_package(aebench, checkout: Path) -> None:
    """A commit that changes a README is identical; one with a fault of a thousandth parts, at its rung, status 1."""
    for head, status, outcome in (("same", 0, "nothing got worse"), ("wrong", 1, "2 got worse")):
        shown = aebench("compare", "sound", head, "linear", *NUMBERS, "-o", head, cwd=checkout)
        assert status == shown.returncode, shown.stderr
        first = shown.stdout.splitlines()[0]
        assert (True, True) == (first.startswith("sound ("), first.endswith(f": {outcome}."))
    assert "worse: linear, reference, float64: phase1, rung forward, step 0: outputs" in shown.stdout
    assert "is further from the reference" in shown.stdout
    found = documents.read(checkout / "wrong" / "comparison.json", "comparison")
    sides = " ".join(found[side]["name"] for side in ("base", "head"))
    words = f"again with: aebench compare {sides} linear -f reference --only numbers --all"
    assert (True, False) == (words in shown.stdout, "aebench reproduce" in shown.stdout)


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        ("unbuilt", "does not build: RuntimeError: no compiler"),
        ("broken", "commit broken holds no package"),
        ("nothing", "commit nothing holds no package"),
        ("sound", "are one environment"),
        ("elsewhere", "unknown environment 'elsewhere'"),
    ],
)
def test_a_commit_that_cannot_be_compared_is_one_line(aebench, checkout: Path, head: str, problem: str) -> None:
    """Each with its own sentence and status 2."""
    refused = aebench("compare", "sound", head, "linear", *NUMBERS, cwd=checkout)
    assert (2, True, 1) == (refused.returncode, problem in refused.stderr, len(refused.stderr.splitlines()))


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("here", "here"), "here and here are one environment"),
        (("here", "nix"), "unknown environment 'nix'"),
        (("here", "OTHER", "--only", "speeed"), "no part of a comparison is called 'speeed'"),
        (("here", "OTHER", "lin"), "unknown autoencoder 'lin'; did you mean 'linear'?"),
        (("here", "OTHER", "-f", "reference@OTHER"), "names an environment; BASE and HEAD say which they are"),
        (("here", "OTHER", "-f", "torch"), "unknown framework 'torch'; did you mean 'pytorch'?"),
        (("here", "OTHER", "-f", "reference", "-d", "mnist", "--data-dir", "."), "mnist"),
        (("here", "OTHER", "linear", "--timed", "liner"), "unknown autoencoder 'liner'; did you mean 'linear'?"),
        (
            ("here", "OTHER", "linear", "-f", "reference", "--timed", "tied"),
            "tied is to be timed, and not compared; compared are linear",
        ),
        (
            ("here", "OTHER", "linear", "-f", "reference", "--timed", "linear", "--only", "numbers"),
            "linear cannot be timed where only num",
        ),
    ],
)
def test_what_cannot_be_compared_is_one_line(aebench, other: Path, words: tuple[str, ...], problem: str) -> None:
    """Bad input: its message, status 2, and nothing is written."""
    refused = aebench("compare", *(word.replace("OTHER", str(other)) for word in words))
    assert (2, True, 1) == (refused.returncode, problem in refused.stderr, len(refused.stderr.splitlines()))


def test_a_dry_run_says_what_would_be_done(aebench, other: Path, tmp_path: Path) -> None:
    """Subjects, autoencoders, and how the two differ; nothing is computed or written."""
    shown = aebench("compare", "here", str(other), "linear", *NUMBERS, "--dry-run")
    assert (0, []) == (shown.returncode, [*tmp_path.iterdir()])
    assert "numbers of reference – reference@other, in linear, on curve." in shown.stdout
    assert "Nothing was begun." == shown.stdout.splitlines()[-1]


def test_only_what_is_named_is_timed(aebench, other: Path, tmp_path: Path) -> None:
    """The rows of the others are not there; a second call times those of the first, too; no name means all."""
    words = ("compare", "here", str(other), "linear", "tied", "-f", "reference", "--time-limit", "0.001", "-o", "out")
    for more, expected in (
        (("--only", "numbers"), []),
        (("--only", "speed", "--timed", "tied"), ["tied"]),
        (("--only", "memory", "--timed", "linear"), ["linear", "tied"]),
    ):
        shown = aebench(*words, *more)
        assert 125 == shown.returncode, shown.stderr
        found = documents.read(tmp_path / "out" / "comparison.json", "comparison")
        assert expected == found["timed"].get("reference", [])
        assert all(f"{name}, reference, training" in shown.stdout for name in expected)
    plan = aebench(*words, "--timed", "tied", "--dry-run")
    assert (0, True) == (plan.returncode, "Timed: tied." in plan.stdout)
    everything = aebench(*words[:-1], "all", "--only", "speed")
    assert all(f"{name}, reference, training" in everything.stdout for name in ("linear", "tied"))


def test_a_damaged_record_is_refused(aebench, other: Path, tmp_path: Path) -> None:
    """What was measured is not overwritten."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "comparison.json").write_text(
        json.dumps({"format": documents.FORMATS["comparison"], "base": 3})
    )
    refused = aebench("compare", "here", str(other), "linear", *NUMBERS, "-o", "out")
    assert (2, True) == (refused.returncode, "is truncated or damaged" in refused.stderr)
    assert {"format", "base"} == set(json.loads((tmp_path / "out" / "comparison.json").read_text()))


def test_environments_are_listed_with_what_each_lacks(aebench, other: Path, tmp_path: Path) -> None:
    """One that cannot be used is a row with its reason, and the others are shown."""
    (tmp_path / "aebench.toml").write_text(
        f'[environments.old]\npython = "{other}"\n[environments.gone]\npython = "nowhere"\n'
    )
    shown = aebench("environments")
    rows = {line.split()[0]: line for line in shown.stdout.splitlines() if line.strip()}
    # A long path is broken over several lines.
    assert (0, True) == (shown.returncode, "environment 'gone' of" in " ".join(shown.stdout.split()))
    assert rows["old"].split()[1:3] == rows["here"].split()[1:3]


def test_environments_differ_or_are_alike(aebench, other: Path, tmp_path: Path) -> None:
    """What two do not share is told by kind; one against itself is alike."""
    (tmp_path / "aebench.toml").write_text(f'[environments.old]\npython = "{other}"\nvariables = {{A = "1"}}\n')
    alike, apart = (aebench("environments", "diff", "old", head, "-f", "reference") for head in ("old", "here"))
    assert (0, "old and old are alike.\n") == (alike.returncode, alike.stdout)
    assert "variable  A" in apart.stdout


def test_long_values_are_shown_whole_where_all_is_asked_for(aebench, other: Path, tmp_path: Path) -> None:
    """What is cut says so, and how it is seen."""
    text = f'[environments.old]\npython = "{other}"\nvariables = {{A = "{"1" * 500}"}}\n'
    (tmp_path / "aebench.toml").write_text(text)
    words = ("environments", "diff", "old", "here", "-f", "reference")
    cut, whole = ("".join(aebench(*words, *more, COLUMNS="2000").stdout.split()) for more in ((), ("--all",)))
    assert (False, True, True) == ("1" * 201 in cut, "1" * 200 + "…" in cut, "environmentsdiffoldhere--all" in cut)
    assert (True, False, False) == ("1" * 500 in whole, "…" in whole, "--all" in whole)

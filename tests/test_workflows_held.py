"""What CI's files decide: which commits are compared, what is installed, what runs when, and what a night measures.

Expressions are worked out as GitHub works them out, for events as GitHub sends them.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from number_words import NUMBERS
from packaging.requirements import Requirement
from packaging.version import Version
from test_tox import RELEASES
from test_workflows import ACTION, DOCUMENT, LOADED, NIGHTLY, ROOT, scripted, steps

from aebench.cli import main
from aebench.records.comparisons import What

COMPARE = LOADED[ACTION.relative_to(ROOT) / "action.yml"]
WORKFLOWS = {path.stem: found for path, found in LOADED.items() if path.parent.name == "workflows"}
JOBS = {f"{name}: {job}": it for name, found in WORKFLOWS.items() for job, it in found["jobs"].items()}
ROWS = NIGHTLY["versions"]["strategy"]["matrix"]["include"]
README = (ROOT / "README.md").read_text(encoding="utf-8")
# The contexts `github` of a pull request to which a commit was added, of a push, and of a run that somebody asked for.
PULL = {
    "sha": "merged",
    "event": {
        "before": "the head before",
        "after": "the head",
        "pull_request": {"base": {"sha": "the base"}, "head": {"sha": "the head"}, "merge_commit_sha": "merged"},
    },
}
PUSH = {"sha": "pushed", "event": {"before": "the commit before", "after": "pushed"}}
ASKED = {"sha": "here", "event": {"inputs": None}}


def evaluated(text: object, contexts: Mapping[str, Any]) -> str:
    """As GitHub fills it in: of `a.b || c.d` the first that is not empty; what an event does not have is empty."""

    def looked_up(found: re.Match[str]) -> str:
        for operand in found[1].split(" || "):
            assert re.fullmatch(r"[\w-]+(\.[\w-]+)+", operand), f"no expression that is understood here: {operand}"
            first, *names = operand.split(".")
            value: Any = contexts[first]
            for name in names:
                value = value.get(name) if isinstance(value, Mapping) else None
            if value:
                return str(value)
        return ""

    return re.sub(r"\$\{\{ (.*?) \}\}", looked_up, str(text))


def inputs(github: Mapping[str, Any], **given: str) -> dict[str, str]:
    """The action's inputs in that event, where a workflow gives these and no others."""
    return {name: evaluated(it["default"], {"github": github}) for name, it in COMPARE["inputs"].items()} | given


def handed(known: Mapping[str, str]) -> dict[str, str]:
    """The variables that the action's script is started with."""
    (step,) = [step for step in steps(COMPARE) if "compare.sh" in step.get("run", "")]
    contexts = {"inputs": known, "runner": {"temp": "/temp"}}
    return {name: evaluated(value, contexts) for name, value in step["env"].items()}


def runs(job: Mapping[str, Any]) -> list[str]:
    """Every command that the job runs."""
    return [line for step in job["steps"] for line in step.get("run", "").splitlines()]


@pytest.mark.parametrize(
    ("event", "base"),
    [(PULL, "the base"), (PUSH, "the commit before"), (ASKED, "")],
    ids=["pull request", "push", "asked for"],
)
def test_the_base_is_what_the_change_goes_into(event: Mapping[str, Any], base: str) -> None:
    """A pull request's base, though GitHub names its former head, too; else the commit before the push."""
    given = handed(inputs(event))
    assert (base, "HEAD") == (given["BASE"], given["HEAD"])


def test_each_input_reaches_the_script_by_its_name() -> None:
    """Each is distinct here, so that one which is exchanged or fixed would be seen."""
    known = {name: f"the {name}" for name in COMPARE["inputs"]}
    expected = {name.upper(): text for name, text in known.items() if name != "artefact"}
    assert {**expected, "OUTPUT": "/temp/the artefact"} == handed(known)


@pytest.mark.parametrize(("given", "name"), [({}, "aebench"), ({"artefact": "second"}, "second")])
def test_an_artefact_is_called_as_it_is_asked_for(given: dict[str, str], name: str) -> None:
    """Two uses in one workflow do not write into one another's."""
    known = inputs(PULL, **given)
    (kept,) = [step["with"] for step in steps(COMPARE) if "upload-artifact" in step.get("uses", "")]
    contexts = {"inputs": known, "runner": {"temp": "/temp"}}
    assert (name, handed(known)["OUTPUT"]) == tuple(evaluated(kept[key], contexts) for key in ("name", "path"))


def test_the_document_has_every_input_and_its_default() -> None:
    """A default that is one word stands there as it is."""
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \|$", DOCUMENT, flags=re.M))
    defaults = {name: it["default"] for name, it in COMPARE["inputs"].items()}
    assert set(defaults) == set(rows)
    words = {name: text for name, text in defaults.items() if re.fullmatch(r"\w+", text)}
    assert {name: f"`{text}`" for name, text in words.items()} == {name: rows[name] for name in words}


def test_each_workflow_runs_when_it_is_said_to() -> None:
    """Tests on every pull request and on main, the comparison on every pull request, whatever it changes."""
    # YAML takes the key `on` for a truth value.
    triggers = {name: found[True] for name, found in WORKFLOWS.items()}
    assert {"push": {"branches": ["main"]}, "pull_request": None} == triggers["tests"]
    assert {"pull_request": None} == triggers["compare"]
    assert {"schedule", "workflow_dispatch"} == set(triggers["nightly"])


def test_a_night_comes_every_night() -> None:
    """One time of day, before six in the morning, on all days of all months."""
    (schedule,) = WORKFLOWS["nightly"][True]["schedule"]
    minute, hour, *days = schedule["cron"].split()
    assert ["*", "*", "*"] == days
    assert int(minute) in range(60)
    assert int(hour) in range(6)


def test_no_step_is_left_out() -> None:
    """What has a condition is an artefact, which is always kept, and an issue, which a failure opens."""
    conditions = {"actions/upload-artifact": "always()", "bash .github/issue.sh": "failure()"}
    for step in [*steps(COMPARE), *(step for job in JOBS.values() for step in job["steps"])]:
        called = step.get("uses", "").partition("@")[0] or step["run"]
        assert conditions.get(called) == step.get("if")
    assert [] == [name for name, job in JOBS.items() if "if" in job]


def test_one_failure_does_not_end_the_others() -> None:
    """Every version of Python and every framework is looked at, whichever fails first."""
    matrices = {name: job["strategy"] for name, job in JOBS.items() if "strategy" in job}
    assert {"tests: tests", "nightly: versions"} == set(matrices)
    assert {False} == {strategy.get("fail-fast") for strategy in matrices.values()}


@pytest.mark.parametrize(
    ("job", "needed"),
    [
        ("tests: lint", ["tox"]),
        ("tests: tests", ["-e", ".[cpu,docs,executors,test]"]),
        ("compare: compare", ["-e", ".[cpu]"]),
        ("nightly: versions", ["-e", ".[cpu]"]),
        ("nightly: dashboard", ["-e", ".[docs]", "asv"]),
    ],
)
def test_what_is_installed_is_what_is_needed_in_pinned_versions(job: str, needed: list[str]) -> None:
    """Every version is that of `constraints.txt`, so that a job installs tomorrow what it installs today."""
    (line,) = [line for line in runs(JOBS[job]) if "pip install" in line]
    words = [word for word in shlex.split(line) if word != "-q"]
    assert ["pip", "install", "-c", "constraints.txt", *needed] == words


def test_nothing_else_installs() -> None:
    """The test above has every job; a cache of packages is one of the same versions."""
    assert {"tests: lint", "tests: tests", "compare: compare", "nightly: versions", "nightly: dashboard"} == set(JOBS)
    cached = [step["with"] for job in JOBS.values() for step in job["steps"] if "cache" in step.get("with", {})]
    assert {"constraints.txt"} == {it["cache-dependency-path"] for it in cached}


def test_the_tests_are_those_of_the_readme() -> None:
    """What CI installs and runs is what README's reader types, without the virtual environment."""
    (typed,) = re.findall(r"^\$ .* && \.venv/bin/(pip .*) && \.venv/bin/(pytest)$", README, flags=re.M)
    assert list(typed) == runs(JOBS["tests: tests"])


def test_style_and_types_are_looked_at() -> None:
    """Both, by tox, and nothing that only shows what would be done."""
    assert ["tox", "run", "-e", "lint,types"] == shlex.split(runs(JOBS["tests: lint"])[-1])


def test_a_pull_request_is_compared_as_the_workflow_says(
    both: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every part of every autoencoder, the time of three, which are bundled as well; what is undecided fails."""
    (tmp_path / "aebench.toml").write_text('[environments.old]\nvariables = { OLD = "1" }\n')
    monkeypatch.chdir(tmp_path)
    (used,) = [step["with"] for step in JOBS["compare: compare"]["steps"] if "actions/compare" in step.get("uses", "")]
    compared = main.commands["compare"].make_context("compare", ["old", "here", *used["arguments"].split()]).params
    assert ((), 3) == (compared["sides"].autoencoders, len(compared["timed"]))
    assert set(get_args(What)) == set(compared["only"] or get_args(What))
    assert compared["time_limit"] < 60 * JOBS["compare: compare"]["timeout-minutes"]
    packed = main.commands["bundle"].make_context("bundle", [*used["bundle"].split(), "-o", "golden.zip"]).params
    assert compared["timed"] == packed["autoencoders"]
    given = inputs(PULL, **used)
    assert ("fail", "the base", "HEAD") == (given["undecided"], given["base"], given["head"])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["framework"])
def test_a_night_holds_every_later_release_against_the_oldest(tmp_path: Path, row: dict[str, str]) -> None:
    """One patch of each release that tox has from there on, in order, and at last the newest, whatever that is."""
    given = {name: evaluated(value, {"matrix": row}) for name, value in NIGHTLY["versions"]["env"].items()}
    _, _, calls = scripted(ROOT / ".github" / "versions.sh", tmp_path, "aebench", "", **given)
    *named, newest = [Requirement(call[3]) for call in calls[:-1]]
    assert row["package"] == str(newest)
    versions = [Version(str(it.specifier).removeprefix("==")) for it in named]
    assert sorted(set(versions)) == versions
    assert calls[0][2] == calls[-1][calls[-1].index("--base") + 1]
    releases = [Requirement(text).specifier for text in RELEASES.values() if text.startswith(f"{row['package']}==")]
    later = releases[next(at for at, release in enumerate(releases) if versions[0] in release) :]
    assert later == [release for version in versions for release in releases if version in release]


def test_the_document_counts_the_versions_of_a_night() -> None:
    """Those of tox from the night's base on, of which the newest is one where it is newer than those with a number."""
    counts = []
    for row in ROWS:
        texts = [text for text in RELEASES.values() if Requirement(text).name == row["package"]]
        first = next(at for at, text in enumerate(texts) if row["base"] in Requirement(text).specifier)
        counts.append(NUMBERS[len(texts) - first])
    assert ["tensorflow", "pytorch"] == [row["framework"] for row in ROWS]
    assert "{} versions of TensorFlow and {} of PyTorch".format(*counts) in " ".join(DOCUMENT.split())


def test_pages_are_those_of_main() -> None:
    """A run that is asked for on another branch does not publish that branch."""
    publishing = [job for job in JOBS.values() if job.get("permissions", {}).get("pages") == "write"]
    assert 1 == len(publishing)
    for job in publishing:
        (checkout,) = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
        assert "main" == checkout["with"]["ref"]


# As `gh` lists issues: as many as are asked for, and of these what the filter leaves, on which the stand-in calls jq.
LISTING = """[ "$2" = list ] || exit 0
while [ "$1" != --limit ]; do shift; done; limit="$2"
while [ "$1" != --jq ]; do shift; done
jq ".[:$limit]" open.json | jq -r "$2"
"""
WHERE = {"GITHUB_SERVER_URL": "https://host", "GITHUB_REPOSITORY": "a/b", "GITHUB_RUN_ID": "5", "TEXT": "matrix.md"}


def told(folder: Path, text: str, content: str = "what moved\n", **given: str) -> tuple[int, list[list[str]]]:
    """How `issue.sh` ends where this is `gh` and the matrix has this content: status, and each call of `gh`."""
    (folder / "matrix.md").write_text(content)
    script = ROOT / ".github" / "issue.sh"
    status, _, calls = scripted(script, folder, "gh", text, **{**WHERE, "TITLE": "ours", **given})
    return status, calls


@pytest.mark.parametrize(("title", "expected"), [("ours", ["comment", "7"]), ("new", ["create", "--title", "new"])])
def test_an_open_issue_is_found_among_hundreds(tmp_path: Path, title: str, expected: list[str]) -> None:
    """By its whole title, however many newer ones there are; where there is none, one is opened."""
    if shutil.which("jq") is None:
        pytest.skip("jq is not installed: gh has one of its own, which it stands for")
    others = ", ".join(f'{{"number": {number}, "title": "ours {number}"}}' for number in range(400, 8, -1))
    (tmp_path / "open.json").write_text(f'[{others}, {{"number": 7, "title": "ours"}}]')
    status, calls = told(tmp_path, LISTING, TITLE=title)
    assert (0, expected) == (status, calls[-1][1:-2])


def test_a_list_that_failed_opens_no_second_issue(tmp_path: Path) -> None:
    """Where nobody knows what is open, the job fails as `gh` did."""
    status, calls = told(tmp_path, "exit 4")
    assert (4, ["list"]) == (status, [call[1] for call in calls])


def test_an_empty_text_is_not_told(tmp_path: Path) -> None:
    """A comparison that broke off may have left a file without a line."""
    assert (2, []) == told(tmp_path, "exit 0", content="")

"""What CI calls is there: commands parse, scripts do what the action promises, files are where the workflows look."""

from __future__ import annotations

import itertools
import os
import re
import shlex
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from aebench import registry
from aebench.cli import main
from aebench.records.comparisons import Side
from aebench.records.matrices import Matrix
from aebench.report import exported
from benchmarks.history.__main__ import main as history

ROOT = Path(__file__).parents[1]
ACTION = ROOT / ".github" / "actions" / "compare"
FILES = sorted([*(ROOT / ".github").rglob("*.yml")])
DOCUMENT = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
DOCUMENTED = [yaml.safe_load(text) for text in re.findall(r"^```yaml\n(.*?)^```$", DOCUMENT, flags=re.M | re.S)]
# What `aebench compare` leaves behind, and how it ends.
COMPARING = """while [ "$1" != --output ]; do shift; done
mkdir -p "$2" && [ "$ENDS" -eq 2 ] || echo "**a verdict**" > "$2/comparison.md"
exit "$ENDS"
"""
# What else the action calls; the report fails where it is asked to.
BESIDE = """if [ "$1" != compare ]; then exit "${FAILS:-0}"; fi
"""


def steps(found: Any) -> list[dict[str, Any]]:
    """Every step of a workflow, or of an action."""
    jobs = found.get("jobs", {"only": found.get("runs", found)}).values()
    return [step for job in jobs for step in job.get("steps", [])]


LOADED = {path.relative_to(ROOT): yaml.safe_load(path.read_text(encoding="utf-8")) for path in FILES}
NIGHTLY = LOADED[Path(".github/workflows/nightly.yml")]["jobs"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
STEPS = [step for found in LOADED.values() for step in steps(found)]
COMMANDS = sorted(
    {
        line.strip()
        for step in [*STEPS, *steps(DOCUMENTED[0]), {"run": "\n".join(DOCUMENTED[1]["compare"]["script"])}]
        for line in step.get("run", "").replace("\\\n", " ").splitlines()
        if line.strip().startswith("aebench ")
    }
)
ASKED = sorted({step["with"]["arguments"] for step in STEPS if "arguments" in step.get("with", {})})


def test_there_is_something_to_look_at() -> None:
    """The workflows, the action, and what is documented for GitHub and GitLab."""
    assert {"tests.yml", "compare.yml", "action.yml"} <= {path.name for path in LOADED}
    assert (2, True, True) == (len(DOCUMENTED), bool(COMMANDS), bool(ASKED))


def parsed(line: str, folder: Path) -> None:
    """The command takes these options and values; a variable stands for a commit that is here, and so does old."""
    (folder / "aebench.toml").write_text('[environments.old]\nvariables = { OLD = "1" }\n')
    words = [re.sub(r"\$\w+|HEAD", "old", word) if word != "HEAD" else "here" for word in shlex.split(line)]
    name, *arguments = (word for word in words[1:] if word != "convolutional")
    main.commands[name].make_context(name, arguments)


@pytest.mark.parametrize("line", [*COMMANDS, *(f"aebench compare old HEAD {words}" for words in ASKED)])
def test_every_command_parses(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the workflows, of the action's users, and of the document."""
    monkeypatch.chdir(tmp_path)
    parsed(line, tmp_path)


def test_an_option_that_is_not_there_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: a misspelt one."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Exception, match="No such option"):
        parsed("aebench compare old HEAD --time-limits 30", tmp_path)


def test_what_is_used_is_there() -> None:
    """Actions of this repository exist, those of others have a version, and inputs are ones that the action has."""
    known = set(LOADED[ACTION.relative_to(ROOT) / "action.yml"]["inputs"])
    for step in [*STEPS, *steps(DOCUMENTED[0])]:
        used = step.get("uses", "")
        if "actions/compare" in used:
            place = re.sub(r"^OWNER/aebench/|@COMMIT$", "", used)
            assert (ROOT / place / "action.yml").is_file()
            assert set(step["with"]) <= known
        elif used:
            assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", used)


def test_the_pages_are_the_documents_and_the_dashboard() -> None:
    """The site at the root, the dashboard in a folder of it: built, measured, put together and handed over in turn."""
    job = LOADED[Path(".github/workflows/nightly.yml")]["jobs"]["dashboard"]["steps"]
    runs = [step.get("run", step.get("with", {}).get("path")) for step in job]
    html = re.search(r'"html_dir": "(.*)"', (ROOT / "asv.conf.json").read_text(encoding="utf-8"))
    assert html
    measures = next(line for line in runs if line and "benchmarks.history" in line)
    wanted = ["sphinx-build -W --keep-going -q docs site", measures, f"mv {html[1]} site/asv", "site"]
    assert wanted == [line for line in runs if line in wanted]
    arguments = shlex.split(measures.partition(" >> ")[0])[3:]
    assert history.make_context("history", arguments).params["machine"] == "hosted"
    tox = (ROOT / "tox.ini").read_text(encoding="utf-8")
    assert wanted[0].removesuffix(" site") in tox, "tox -e docs builds it likewise"


def scripted(script: Path, folder: Path, program: str, text: str, **given: str) -> tuple[int, str, list[list[str]]]:
    """How a script ends that calls the program, whose text is this: status, what it says, the words of each call."""
    (folder / program).write_text(f'#!/bin/bash\nprintf "%s\\n" "$@" . >> "{folder}/seen"\n{text}')
    (folder / program).chmod(0o755)
    environment = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", **given}
    command = ["bash", str(script)]
    ended = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=60)
    seen = (folder / "seen").read_text() if (folder / "seen").exists() else ""
    return ended.returncode, ended.stdout + ended.stderr, [call.splitlines() for call in seen.split(".\n")[:-1]]


def called(folder: Path, ends: int, **given: str) -> tuple[int, str, list[list[str]], dict[str, str]]:
    """How the action's script ends where `aebench` ends so: status, all that it says, what it calls, and its files."""
    files = {"GITHUB_OUTPUT": folder / "output", "GITHUB_STEP_SUMMARY": folder / "summary"}
    asked = {"BASE": "main", "HEAD": "HEAD", "ARGUMENTS": "", "UNDECIDED": "fail", "OUTPUT": str(folder / "out"),
             "BUNDLE": ""}  # fmt: skip
    asked |= {**given, **{name: str(path) for name, path in files.items()}, "ENDS": str(ends)}
    found = scripted(ACTION / "compare.sh", folder, "aebench", BESIDE + COMPARING, **asked)
    return *found, {name: path.read_text() if path.exists() else "" for name, path in files.items()}


def filled(values: Mapping[str, Any], **known: str) -> dict[str, str]:
    """The values as GitHub hands them over: expressions are looked up among what is known, with `_` for each dot."""

    def looked_up(found: re.Match[str]) -> str:
        return known[found[1].replace(".", "_")]

    return {name: re.sub(r"\$\{\{ ([\w.]+) \}\}", looked_up, str(value)) for name, value in values.items()}


def test_the_action_hands_its_inputs_to_the_script(tmp_path: Path) -> None:
    """Base and head are not swapped, undecided fails unless it is said otherwise, and the output is the script's."""
    action = LOADED[ACTION.relative_to(ROOT) / "action.yml"]
    (step,) = [step for step in steps(action) if "compare.sh" in step.get("run", "")]
    defaults = {f"inputs_{name}": it["default"] for name, it in action["inputs"].items()}
    known = {**defaults, "inputs_base": "one", "inputs_head": "two", "runner_temp": f"{tmp_path}/runner"}
    status, _, seen, files = called(tmp_path, 125, **filled(step["env"], **known))
    there = f"{tmp_path}/runner/aebench"
    compared, reported = (
        ["compare", "one", "two", "--output", there],
        ["report", there, "--output", f"{there}/report.html"],
    )
    assert (125, [compared, reported]) == (status, seen)
    assert filled({"status": action["outputs"]["status"]["value"]}, **{
        f"steps_{step['id']}_outputs_{name}": value for name, value in [files["GITHUB_OUTPUT"].strip().split("=")]
    }) == {"status": "125"}  # fmt: skip


def test_what_is_measured_is_kept_however_it_ends() -> None:
    """The folder into which it is written is an artefact, above all where the job fails."""
    action, nightly = LOADED[ACTION.relative_to(ROOT) / "action.yml"], NIGHTLY["versions"]
    for found, folder in (steps(action), steps(action)[0]["env"]["OUTPUT"]), (nightly["steps"], "versions"):
        (kept,) = [step for step in found if "upload-artifact" in step.get("uses", "")]
        assert ("always()", folder) == (kept["if"], kept["with"]["path"])
    assert " --output versions\n" in (ROOT / ".github" / "versions.sh").read_text(encoding="utf-8")


def test_the_action_leaves_a_report_and_a_bundle(tmp_path: Path) -> None:
    """In the artefact's folder, a bundle where one is asked for; what fails there is a warning, and no verdict."""
    status, said, seen, _ = called(tmp_path, 1, BUNDLE="mine --frameworks pytorch")
    out = tmp_path / "out"
    assert [
        ["report", str(out), "--output", f"{out}/report.html"],
        ["bundle", "mine", "--frameworks", "pytorch", "--output", f"{out}/golden.zip"],
    ] == seen[1:]
    assert (1, "") == (status, said)
    (tmp_path / "seen").unlink()
    status, said, seen, _ = called(tmp_path, 0, BUNDLE="mine", FAILS="2")
    assert (0, 2) == (status, said.count("::warning"))
    assert "aebench report ended with 2" in said
    assert "aebench bundle ended with 2" in said
    for words in seen[1:]:
        main.commands[words[0]].make_context(words[0], [word for word in words[1:] if word != "mine"])


@pytest.mark.parametrize("ends", [0, 1, 2, 125, 70, 130])
def test_the_action_ends_as_the_verdict_does(tmp_path: Path, ends: int) -> None:
    """The summary is the verdict's Markdown, where there is one, and the output is the status."""
    status, _, _, files = called(tmp_path, ends)
    summary = "" if ends == 2 else "**a verdict**\n"
    assert (ends, f"status={ends}\n", summary) == (status, files["GITHUB_OUTPUT"], files["GITHUB_STEP_SUMMARY"])


@pytest.mark.parametrize(("ends", "expected"), [(125, 0), (1, 1), (2, 2), (0, 0)])
def test_only_what_is_undecided_may_pass(tmp_path: Path, ends: int, expected: int) -> None:
    """It is told, and the output still says what it was."""
    status, said, _, files = called(tmp_path, ends, UNDECIDED="pass")
    assert (expected, f"status={ends}\n") == (status, files["GITHUB_OUTPUT"])
    assert (ends == 125) == ("::warning" in said)


def test_arguments_are_words_and_nothing_else(tmp_path: Path) -> None:
    """Planted: what a shell would carry out. It is handed on as it stands."""
    hostile = f"mine --only numbers;touch${{IFS}}{tmp_path}/made $(touch {tmp_path}/made) `id`"
    _, _, seen, _ = called(tmp_path, 0, ARGUMENTS=hostile)
    assert ["compare", "main", "HEAD", *hostile.split(), "--output", str(tmp_path / "out")] == seen[0]
    _, _, seen, _ = called(tmp_path, 0, BUNDLE=hostile)
    assert ["bundle", *hostile.split(), "--output", f"{tmp_path}/out/golden.zip"] == seen[-1]
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("given", "reason"),
    [({"BASE": ""}, "there is no base"), ({"UNDECIDED": "perhaps"}, "undecided is fail or pass, found: perhaps")],
)
def test_what_means_nothing_is_refused(tmp_path: Path, given: dict[str, str], reason: str) -> None:
    """Before anything is measured, with status 2 and a line."""
    status, said, seen, _ = called(tmp_path, 0, **given)
    assert (2, []) == (status, seen)
    assert reason in said


@pytest.mark.parametrize("ends", [0, 1, 125])
def test_versions_are_made_and_compared(tmp_path: Path, ends: int) -> None:
    """Each once, the base first; one that cannot be made is told, and is a column all the same."""
    text = f'[ "$1" = compare ] && exit {ends}; [ "$3" != torch-2.14.1 ]'
    asked = {"PACKAGE": "torch-cpu", "FRAMEWORK": "torch", "BASE": "2.13.0", "HEADS": "2.14.1 newest"}
    status, said, calls = scripted(ROOT / ".github" / "versions.sh", tmp_path, "aebench", text, **asked)
    names = [f"torch-{version}" for version in ("2.13.0", "2.14.1", "newest")]
    made = [["environments", "add", name, it] for name, it in zip(
        names, ("torch-cpu==2.13.0", "torch-cpu==2.14.1", "torch-cpu"), strict=True)]  # fmt: skip
    compared = ["compare", "--base", *names, "-f", "torch", "--only", "numbers", "--output", "versions"]
    assert (ends, [*made, compared]) == (status, calls)
    assert ["torch-2.14.1 was not made"] == re.findall(r"::warning title=aebench::(.*)", said)


@pytest.mark.parametrize("row", NIGHTLY["versions"]["strategy"]["matrix"]["include"], ids=lambda row: row["framework"])
def test_every_night_names_frameworks_and_what_installs_them(tmp_path: Path, row: dict[str, str]) -> None:
    """What pip installs is a package of the framework, and the framework is called as it is here."""
    given = filled(NIGHTLY["versions"]["env"], **{f"matrix_{name}": value for name, value in row.items()})
    status, _, calls = scripted(ROOT / ".github" / "versions.sh", tmp_path, "aebench", "", **given)
    assert 0 == status
    framework = registry.frameworks()[calls[-1][calls[-1].index("-f") + 1]]
    installs = {Requirement(it).name for it in PROJECT["project"]["optional-dependencies"]["cpu"]}
    for call in calls[:-1]:
        package = Requirement(call[3]).name
        assert package in installs
        assert package.startswith(framework.packages[0])
        assert call[2].startswith(f"{framework.name}-")


def test_what_is_not_as_it_was_opens_an_issue(tmp_path: Path) -> None:
    """A night that fails, and no other; it may write issues, and tells what the comparison has left."""
    job = NIGHTLY["versions"]
    runs = [step.get("run", "") for step in job["steps"]]
    (telling,) = [step for step in job["steps"] if "issue.sh" in step.get("run", "")]
    assert ("failure()", "write") == (telling["if"], job["permissions"]["issues"])
    assert runs.index("bash .github/versions.sh") < runs.index(telling["run"])
    environment = Side(name="here", said="here", python=None, variables={})
    exported.export(exported.of_matrix(Matrix(base=environment, heads=[], gone=[])), tmp_path / "versions", "matrix")
    assert (tmp_path / telling["env"]["TEXT"]).is_file()


def test_who_compares_commits_has_them_all() -> None:
    """A checkout is one commit deep unless it is told otherwise, and would have no base."""
    compared = [job for found in LOADED.values() for job in found.get("jobs", {}).values() if compares(job)]
    assert compared
    for job in compared:
        (checkout,) = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
        assert 0 == checkout["with"]["fetch-depth"]


def compares(job: dict[str, Any]) -> bool:
    """Whether the job uses the action."""
    return any("actions/compare" in step.get("uses", "") for step in job["steps"])


def test_every_version_of_python_is_tested_and_a_failure_fails() -> None:
    """Those of tox, from the oldest that the package allows; nothing goes on after an error."""
    job = LOADED[Path(".github/workflows/tests.yml")]["jobs"]["tests"]
    tested = job["strategy"]["matrix"]["python"]
    (setup,) = [step for step in job["steps"] if "setup-python" in step.get("uses", "")]
    assert "${{ matrix.python }}" == setup["with"]["python-version"]
    listed = re.search(r"^ +py3\{([\d,]+)\}", (ROOT / "tox.ini").read_text(encoding="utf-8"), flags=re.M)
    assert listed
    assert tested == [f"3.{minor}" for minor in listed[1].split(",")]
    assert PROJECT["project"]["requires-python"] == f">={tested[0]}"
    assert "pytest" in [step.get("run") for step in job["steps"]]
    for found in LOADED.values():
        assert "continue-on-error" not in str(found)
    assert not [step["run"] for step in STEPS if re.search(r"\|\||;|&&|set \+e", step.get("run", ""))]


@pytest.mark.parametrize(("open_", "expected"), [("", ["create", "--title", "a title"]), ("17", ["comment", "17"])])
def test_an_issue_is_opened_once(tmp_path: Path, open_: str, expected: list[str]) -> None:
    """A night later what is new is added to it. What is told is the file, and where it comes from."""
    (tmp_path / "matrix.md").write_text("what moved\n" * 10_000)
    text = f'[ "$2" = list ] && echo "{open_}"; [ "$2" = list ] || cp "${{@: -1}}" "{tmp_path}/told"'
    where = {"GITHUB_SERVER_URL": "https://host", "GITHUB_REPOSITORY": "a/b", "GITHUB_RUN_ID": "5"}
    asked = {"TITLE": "a title", "TEXT": "matrix.md", **where}
    status, _, calls = scripted(ROOT / ".github" / "issue.sh", tmp_path, "gh", text, **asked)
    assert (0, ["issue", *expected, "--body-file"]) == (status, calls[-1][:-1])
    asked = dict(itertools.pairwise(calls[0]))
    assert ("open", True) == (asked["--state"], "select(.title == env.TITLE)" in asked["--jq"])
    told = (tmp_path / "told").read_text()
    assert told.startswith("what moved\n")
    assert told.endswith("https://host/a/b/actions/runs/5\n")
    assert len(told) < 65_536, "no more than an issue takes"


def test_an_issue_without_a_text_is_none(tmp_path: Path) -> None:
    """Where the comparison itself broke off nothing is opened, and the job says why."""
    status, said, calls = scripted(ROOT / ".github" / "issue.sh", tmp_path, "gh", "", TITLE="a title", TEXT="matrix.md")
    assert (2, []) == (status, calls)
    assert "matrix.md was not written" in said

"""What README and the documents beside it tell a reader to type is there, and what they point at exists."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from packing import placeholder

from aebench import api, registry
from aebench.cli import main
from aebench.errors import FrameworkError
from aebench.records.archive import MOST_EXPANDED

ROOT = Path(__file__).parents[1]
DOCUMENTS = [Path("README.md"), *(path.relative_to(ROOT) for path in sorted((ROOT / "docs").rglob("*.md")))]
README = (ROOT / "README.md").read_text(encoding="utf-8")
INTERFACE = (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf-8")


def _blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def _typed(path: Path, program: str) -> list[str]:
    """What the document tells to type after the program's name: in its console blocks, and in the midst of prose."""
    text = (ROOT / path).read_text(encoding="utf-8")
    lines = [line[2:] for block in _blocks(text, "console") for line in block.splitlines() if line.startswith("$ ")]
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    lines += [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", prose)]
    return [line[len(program) + 1 :] for line in lines if line.startswith(program + " ")]


TYPED = {f"{path}: aebench {line}": line for path in DOCUMENTS for line in _typed(path, "aebench")}


# What a command that is named in prose needs.
EXAMPLES = {"quality": ["out"], "accept": ["out", "--reason", "why"], "gate": ["out"], "compare": ["old", "here"],
            "bisect": ["pytorch", "2.11", "2.14", "--autoencoder", "tied"],
            "bundle": ["-o", "golden.zip"], "replay": ["golden.zip"],
            "reproduce": ["tied", "-o", "issue"], "export": ["out"], "report": ["out"]}  # fmt: skip


@pytest.mark.parametrize("where", TYPED)
def test_every_command_parses(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command is there, and takes these options and values; a name in capitals stands for one, a commit for the
    environment `old`, which is there, and so are three bundles."""
    (tmp_path / "aebench.toml").write_text('[environments.old]\nvariables = { OLD = "1" }\n')
    for name in ("golden", "one", "other"):
        placeholder(tmp_path / f"{name}.zip", "pytorch")
    monkeypatch.chdir(tmp_path)
    # A command that names cores means those of its reader's machine, and would keep these tests on them.
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    monkeypatch.setattr(os, "sched_setaffinity", lambda *_: None, raising=False)
    line = re.sub(r"\[AUTOENCODER…\]|RUN…", "", TYPED[where]).replace("NAME", "tied").replace("convolutional", "tied")
    line = re.sub(r"\bHEAD\b", "here", re.sub(r"HEAD~\d", "old", re.sub(r" > \S+$", "", line)))
    if line.endswith("--help"):
        assert 0 == CliRunner().invoke(main, line.replace("COMMAND", "run").split()).exit_code
        return
    name, *arguments = shlex.split(line, comments=True)
    arguments = ["out" if argument == "RUN" else argument for argument in arguments]
    arguments = arguments or [*EXAMPLES.get(name, ())]
    try:
        main.commands[name].make_context(name, arguments)
    except FrameworkError as error:
        pytest.skip(str(error))


def test_an_option_that_is_not_there_would_be_seen() -> None:
    """Planted fault: the parser that the test above asks refuses it."""
    with pytest.raises(Exception, match="No such option"):
        main.commands["run"].make_context("run", ["stacked", "--scheduled", "source"])


def test_every_option_of_pytest_is_known() -> None:
    """Each stands in the help that the documents' `pytest --benchmark` has."""
    command = [sys.executable, "-m", "pytest", "--benchmark", "--help"]
    # Below a worker of xdist nothing is timed.
    alone = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")}
    known = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=alone, timeout=300).stdout
    typed = [line.partition("#")[0] for path in DOCUMENTS for line in _typed(path, "pytest")]
    options = {option for line in typed for option in re.findall(r"--[a-z-]+", line)}
    assert {"--benchmark", "--seeds"} <= options
    assert set() == {option for option in options if not re.search(rf"{option}\b", known)}


def test_two_commands_set_everything_up() -> None:
    """`.ci/run` types them word for word."""
    found = re.findall(r"^\$ (python3\.11 -m venv .*)$", README, flags=re.MULTILINE)
    assert ["aebench run linear stacked", "pytest"] == [command.rpartition(".venv/bin/")[2] for command in found]


def test_the_table_of_commands_is_whole() -> None:
    """Each command that there is, and none that there is not."""
    table = re.findall(r"^\| `aebench (\w+)[^|]*\|", README, flags=re.MULTILINE)
    assert sorted(main.commands) == sorted(table)


def test_every_autoencoder_of_this_package_is_described() -> None:
    """One row each; names that belong together share one."""
    rows = re.findall(r"^\| (`\w+`(?: `\w+`)*) \|", README, flags=re.MULTILINE)
    assert list(registry.autoencoders())[:12] == re.findall(r"`(\w+)`", " ".join(rows))


def test_the_document_says_how_far_a_bundle_may_expand() -> None:
    """The bound at which a file is refused stands in a sentence."""
    text = " ".join((ROOT / "docs" / "bundles.md").read_text(encoding="utf-8").split())
    assert f"promises no more than {MOST_EXPANDED} times its own size" in text


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_every_link_leads_somewhere(path: Path) -> None:
    """Links to files, from where the document stands."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / path).read_text(encoding="utf-8"))
    assert [] == [link for link in links if not (ROOT / path.parent / link).exists()]


@pytest.mark.parametrize("line", ["list", "show tied --frameworks reference"])
def test_looking_is_as_quick_as_it_is_said_to_be(line: str) -> None:
    """The commands that run nothing are run."""
    outcome = CliRunner().invoke(main, line.split())
    assert 0 == outcome.exit_code
    assert "tied" in outcome.stdout


def test_the_example_in_python_runs(tmp_path: Path) -> None:
    """As it stands in the reference, after a few images and an order."""
    try:
        registry.framework("pytorch")
    except FrameworkError as error:
        pytest.skip(str(error))
    (example,) = (block for block in _blocks(INTERFACE, "python") if "registry.framework" in block)
    given = "import numpy as np\nimages = np.ones((6, 784), 'float32')\norder = np.arange(6).reshape(2, 3)\n"
    command = [sys.executable, "-c", given + example]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=300)
    assert (0, "") == (done.returncode, done.stderr)
    assert (tmp_path / "tied.safetensors").stat().st_size > 1_000_000


def test_the_examples_of_the_commands_from_python_run(tmp_path: Path) -> None:
    """README's, with the reference alone in place of all frameworks, and that of the page as it stands."""
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    (short,), (long,) = ([it for it in _blocks(text, "python") if "api.run" in it] for text in (README, page))
    less = short.replace('"linear", told', '"linear", frameworks="reference", agreement=False, told')
    assert less != short
    for example, lines in ((less, 1), (long, 2)):
        command = [sys.executable, "-c", example]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=300)
        assert (0, "", lines) == (done.returncode, done.stderr, len(done.stdout.splitlines()))
    assert b"<svg" in (tmp_path / "curve.svg").read_bytes()
    assert {"result.json", "report.html"} <= {path.name for path in (tmp_path / "first").iterdir()}


def test_the_page_of_python_names_what_there_is() -> None:
    """Every function and class of `aebench.api` stands in a table, and every attribute that is named there exists."""
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", page, flags=re.MULTILINE)
    functions = re.findall(r"^\| `(\w+)\(", page, flags=re.MULTILINE)
    assert set(api.__all__) == {*functions, *(name for name, _ in rows)}
    named = {(name, it) for name, row in rows for it in re.findall(r"`(\w+)(?:\([^`]*\))?`", row)}
    known = {(name, it) for name, _ in rows for it in {*dir(getattr(api, name)), *getattr(api, name).__annotations__}}
    assert set() == named - known

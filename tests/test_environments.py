"""Subjects of other environments: found by name or place, run by their own interpreter, refused where they cannot."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath

import other_environments
import pytest
from msgspec import structs
from number_words import NUMBERS

import aebench
from aebench import errors, registry
from aebench.comparison.sides import recorded
from aebench.errors import AebenchError, FrameworkError, UnknownNameError, UsageError
from aebench.processes import differing, environments, inside, making, probing
from aebench.processes.environments import Environment, find
from aebench.processes.worker import FrameworkProcess
from aebench.records import capture
from aebench.running.resume import seen_by
from aebench.speed.workloads import Training, seconds


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that holds what this one does."""
    return other_environments.make(tmp_path_factory.mktemp("environments") / "other")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that holds nothing."""
    return other_environments.make(tmp_path_factory.mktemp("environments") / "bare", packages=False)


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """What one test was told of environments, and the folder that it is in, is none of the next one's."""
    monkeypatch.setattr(environments, "_told", {})
    monkeypatch.chdir(tmp_path)
    asked = probing.contents, probing._frameworks
    yield
    for function in asked:
        function.cache_clear()


def named(folder: Path, text: str, name: str = "aebench.toml") -> Path:
    """A file that names environments."""
    path = folder / name
    path.write_text(text)
    return path


def test_a_subject_of_another_environment_runs_there(other: Path, tmp_path: Path) -> None:
    """Its interpreter is the other one's, its aebench this one, with every implementation that it has; what can be
    said of it from outside is what it says of itself, but for its settings."""
    named(tmp_path, f'[environments.old]\npython = "{other}"\n')
    assert "reference@old" == probing.subject("reference@old")
    with FrameworkProcess("reference@old") as process:
        assert str(other / "bin" / "python") == process.call(eval, "__import__('sys').executable")
        assert str(other) == process.call(eval, "__import__('sys').prefix")
        assert process.call(seconds, Training("linear", "reference@old")) > 0.0
        said = process.call(capture.subject, "reference@old")
        assert list(registry.variants()) == list(process.call(registry.versions))
    assert ("reference", "old") == (said.framework, said.environment)
    assert structs.replace(said, settings=None) == probing.described("reference@old")


def test_what_measures_there_is_known_to_be_the_same_aebench(other: Path, tmp_path: Path) -> None:
    """It imports these very texts, by links: their commit and digest are those here, and trainings are gone on with."""
    named(tmp_path, f'[environments.old]\npython = "{other}"')
    with FrameworkProcess("reference@old") as process:
        assert capture.harness() == process.call(capture.harness)
        there = seen_by(process, capture.here())
        assert process.call(capture.here).variables == there.variables


def test_the_aebench_installed_there_is_not_the_one_that_measures(other: Path, tmp_path: Path) -> None:
    """Whatever aebench another environment holds, both sides are measured by this one; `own` asks for the other."""
    (site,) = other.glob("lib/python*/site-packages")
    (site / "aebench").mkdir()
    (site / "aebench" / "__init__.py").write_text("raise SystemExit('the other aebench')")
    try:
        environments.tell(Environment("theirs", other / "bin" / "python", str(other)))
        with FrameworkProcess("reference@theirs") as process:
            there = Path(process.call(eval, "__import__('aebench').__file__"))
        assert Path(aebench.__file__).resolve() == there.resolve()
        environments.tell(Environment("own", other / "bin" / "python", str(other), own=True))
        with pytest.raises(FrameworkError, match="its process ended"), FrameworkProcess("reference@own") as process:
            process.call(os.getpid)
    finally:
        shutil.rmtree(site / "aebench")


def test_here_is_this_environment() -> None:
    """NAME@here is NAME."""
    assert ["reference", "reference"] == [probing.subject("reference@here"), probing.subject("reference")]


def test_a_name_stands_in_the_nearest_file(other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """aebench.toml, else pyproject.toml's [tool.aebench], of this folder or above; places go from the file."""
    link = tmp_path / "link"
    link.symlink_to(other)
    named(tmp_path, '[tool.aebench.environments.old]\npython = "link"\n', "pyproject.toml")
    (tmp_path / "within").mkdir()
    monkeypatch.chdir(tmp_path / "within")
    assert link / "bin" / "python" == find("old").python
    named(tmp_path / "within", '[environments.new]\npython = "../link/bin/python"\nvariables = {A = "1"}\n')
    assert ((("A", "1"),), ["here", "new"]) == (find("new").variables, environments.known())
    with pytest.raises(UnknownNameError, match="unknown environment 'nwe'; did you mean 'new'"):
        find("nwe")


def test_a_place_is_called_as_its_folder_is(other: Path) -> None:
    """A folder and its interpreter are one environment, whose subjects are written by its place on a command line."""
    for place in (str(other), f"{other}/bin/python"):
        environments._told.clear()
        assert "reference@other" == probing.subject(f"reference@{place}")
        assert f"reference@{place}" == environments.said("reference@other")
    assert "pytorch@old" == environments.said("pytorch@old")


def test_two_places_of_one_name_are_refused(other: Path, tmp_path: Path) -> None:
    """Numbers of two environments must not stand under one name."""
    second = other_environments.make(tmp_path / "x" / "other", packages=False)
    find(str(other))
    with pytest.raises(UsageError, match="would be called 'other'"):
        find(str(second))


def test_the_place_of_a_named_environment_is_that_environment(
    other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever types the path gets the one that the file names; with variables in the file it would be another one."""
    named(tmp_path, f'[environments.other]\npython = "{other}"\n')
    monkeypatch.chdir(tmp_path)
    environments._told.clear()
    assert find("other") == find(str(other))
    named(tmp_path, f'[environments.other]\npython = "{other}"\nvariables = {{A = "1"}}\n')
    with pytest.raises(UsageError, match="would be called 'other'"):
        find(str(other))


def test_variables_of_an_environment_are_those_of_its_processes(tmp_path: Path) -> None:
    """They are set, and on record; without an interpreter the environment is this one's, but for them."""
    named(tmp_path, '[environments.wide]\nvariables = {OMP_WAIT_POLICY = "passive", MINE = "2"}\n')
    with FrameworkProcess("reference@wide") as process:
        assert "2" == process.call(os.getenv, "MINE")
        said = process.call(capture.subject, "reference@wide").settings
    assert "passive" == (said or {})["variable OMP_WAIT_POLICY"]
    found = differing.differences(find("here"), find("wide"))
    assert [("variable", "MINE", "–", "2"), ("variable", "OMP_WAIT_POLICY", "–", "passive")] == [
        (it.kind, it.name, it.base, it.head) for it in found
    ]


def test_python_s_own_variables_stay_here(other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What PYTHONPATH brings into this process is no part of another environment."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    find(str(other))
    with FrameworkProcess("reference@other") as process:
        assert process.call(os.getenv, "PYTHONPATH") is None
        assert str(tmp_path) not in process.call(eval, "__import__('sys').path")


PROBLEMS = {
    "no file": ("nix", None, "unknown environment 'nix'. Known: here."),
    "nowhere": ("old", '[environments.old]\npython = "nowhere"', "nowhere is not there; name an interpreter"),
    "no interpreter": ("old", '[environments.old]\npython = "."', "holds no bin/python"),
    "not to be run": ("old", '[environments.old]\npython = "aebench.toml"', "is not executable; make it so: chmod +x"),
    "not to be run, in its folder": ("old", '[environments.old]\npython = "beside"', "beside/bin/python is not exec"),
    "a pipe": ("old", '[environments.old]\npython = "pipe"', "pipe is no file; name an interpreter"),
    "no TOML": ("old", "[environments.old", "is no TOML"),
    "unknown key": ("old", '[environments.old]\npyton = "x"', "unknown field `pyton`"),
    "unknown table": (
        "old",
        '[environment.old]\npython = "x"',
        "nothing is called [environment]; did you mean 'environments'?",
    ),
    "of another type": ("old", "[environments.old]\npython = 3", "environment 'old': Expected `str | null`, got `int`"),
    "a name taken": ("here", '[environments.here]\npython = "x"', None),
    "a bundle's name": ("old", '[environments."a.zip"]\npython = "x"', "'a.zip' would be taken for a bundle"),
    "a bad name": ("old", '[environments."a b"]\npython = "x"', "cannot be called 'a b'"),
    "nothing": ("", None, "names no environment behind the @"),
    "a variable without a name": ("old", '[environments.old]\nvariables = {"" = "1"}', "a variable '' = '1'"),
    "no name of a variable": ("old", '[environments.old]\nvariables = {"A=B" = "1"}', "a variable 'A=B' = '1'"),
    "no text of a variable": ("old", '[environments.old]\nvariables = {A = "\\u0000"}', "a variable 'A' = '\\x00'"),
    "nested for ever": ("old", f"a = {'[' * 3000}{']' * 3000}", "is no TOML"),
}


@pytest.mark.parametrize("name", [name for name, (_, _, problem) in PROBLEMS.items() if problem])
def test_an_environment_that_cannot_be_is_one_line(tmp_path: Path, name: str) -> None:
    """Each mistake has its own sentence."""
    said, text, problem = PROBLEMS[name]
    (tmp_path / "beside" / "bin").mkdir(parents=True)
    (tmp_path / "beside" / "bin" / "python").touch(0o644)
    os.mkfifo(tmp_path / "pipe")
    if text is not None:
        named(tmp_path, text)
    with pytest.raises(AebenchError) as caught:
        probing.subject(f"reference@{said}")
    assert problem is not None
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_none_is_said_to_be_so(tmp_path: Path) -> None:
    """A folder or a link to nothing in the file's place is no reason to know of no environments."""
    place = tmp_path / "aebench.toml"
    for make in (place.mkdir, lambda: place.symlink_to(place)):
        make()
        with pytest.raises(UsageError, match="is no file that can be read"):
            environments.known()
        place.unlink() if place.is_symlink() else place.rmdir()


def test_a_mark_in_front_is_none_of_the_file_s_text(tmp_path: Path) -> None:
    """Some editors begin a text with one."""
    named(tmp_path, "\ufeff[environments.mine]\r\nvariables = {}\r\n")
    assert ["here", "mine"] == environments.known()


def test_the_name_here_is_taken(tmp_path: Path) -> None:
    """A file cannot call another environment `here`."""
    named(tmp_path, PROBLEMS["a name taken"][1] or "")
    with pytest.raises(UsageError, match="cannot be called 'here'"):
        environments.known()


def test_what_is_missing_is_named(bare: Path, other: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without what a process needs says how to get it; one with too old a package, too."""
    with pytest.raises(UsageError, match=r"bare' lacks what its processes need; .*pip install 'filelock>=.* 'numpy>="):
        probing.subject(f"reference@{bare}")
    other_environments.distribution(bare, "numpy", "1.0")
    probing.contents.cache_clear()
    assert "numpy>=1.26" in probing.contents(find(str(bare))).lacking
    monkeypatch.setattr(probing, "OLDEST", (99, 0))
    with pytest.raises(UsageError, match=r"is Python 3\..*, and its processes need 99.0 or newer"):
        probing.subject(f"reference@{other}")


def test_a_folder_may_be_called_as_bundles_are(tmp_path: Path) -> None:
    """It is an environment where there is one, under a name that no bundle has."""
    place = other_environments.make(tmp_path / "old.zip")
    found = find(str(place))
    assert ("environment", None, str(place)) == (found.name, found.bundle, found.said)


def test_a_framework_that_is_not_there_is_named(other: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether this environment holds it does not matter."""
    monkeypatch.setattr(probing, "_frameworks", lambda _: dict.fromkeys(registry.variants()))
    with pytest.raises(FrameworkError, match=r"pytorch is not installed in other; get it with: .*pip install torch"):
        probing.subject(f"pytorch@{other}")


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("exit 3", "ended with status 3: it gives no reason"), ("echo hello", "is no Python interpreter"),
        ("exec sleep 60", "says nothing"),
        ("echo 'OSError: no codec' >&2; echo '<no Python frame>' >&2; exit 1", "with status 1: OSError: no codec"),
        ("kill -KILL $$", "ended by SIGKILL: somebody killed it"), (":", "is no Python interpreter"),
        ("""echo '{"python": "abc", "packages": {}}'""", r"says of its packages is none \(Invalid version: 'abc'\)"),
    ],
)  # fmt: skip
def test_what_is_no_interpreter_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, problem: str
) -> None:
    """A program that fails, that says something else, or that hangs."""
    monkeypatch.setattr(probing, "SECONDS", 0.3)
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    with pytest.raises(UsageError, match=problem):
        probing.subject(f"reference@{program}")


def test_variables_that_an_interpreter_reads_are_named(tmp_path: Path) -> None:
    """An entry's PYTHONHOME that leads nowhere keeps Python from starting: the message says whose it is."""
    named(tmp_path, '[environments.lost]\nvariables = { PYTHONHOME = "/nowhere", OTHER = "1" }')
    with pytest.raises(UsageError, match=r"'lost'.*No module named 'encodings'; .* PYTHONHOME=/nowhere, as its entry"):
        probing.subject("reference@lost")


def test_an_interpreter_may_print_before_it_answers(other: Path, tmp_path: Path) -> None:
    """As one does whose `sitecustomize` greets."""
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\necho hello\nexec {other}/bin/python "$@"\n')
    program.chmod(0o755)
    assert probing.contents(find(str(other))).python == probing.contents(find(str(program))).python


def test_what_a_process_needs_is_what_it_imports() -> None:
    """A worker imports nothing of aebench's dependencies that an environment is not asked for."""
    with FrameworkProcess("reference") as process:
        process.call(seconds, Training("linear", "reference"))
        process.call(capture.subject, "reference")
        loaded = process.call(eval, "sorted({name.partition('.')[0] for name in __import__('sys').modules})")
    names = {"sklearn": "scikit-learn"}
    asked = {names.get(name, name) for name in loaded} & {"click", "matplotlib", "packaging", "pooch", "pandas"}
    assert set() == asked
    assert sorted(probing.NEEDED) == sorted(requirement.name for requirement in probing.needed())


def test_the_document_counts_what_a_process_needs() -> None:
    """Beside NumPy, which is named, and the framework."""
    others = [requirement for requirement in probing.needed() if requirement.name != "numpy"]
    text = " ".join((Path(__file__).parents[1] / "docs" / "environments.md").read_text(encoding="utf-8").split())
    assert f"it needs NumPy, the framework and {NUMBERS[len(others)]} other packages" in text


def test_a_path_is_packed_for_any_version() -> None:
    """Python 3.13 keeps `Path` in another module than 3.12 looks for it: what is sent names neither."""
    content = inside.packed({"log": Path("a/b")})
    assert (False, False) == (b"_local" in content, b"PosixPath" in content)
    assert {"log": Path("a/b")} == inside.ForkingPickler.loads(content)
    assert PureWindowsPath("c") == inside.ForkingPickler.loads(inside.packed(PureWindowsPath("c")))


def test_an_environment_is_made_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has an entry that leaves the file's others as they were, and a lock file beside it."""
    monkeypatch.setattr(making, "needed", list)
    monkeypatch.setattr(making.shutil, "which", lambda _: None)
    (tmp_path / "empty.txt").write_text("")
    file = named(tmp_path, '# mine\n[environments.old]\npython = "x"')
    made = making.make("new.1", (), files=[tmp_path / "empty.txt"])
    assert (tmp_path / "environments" / "new.1" / "bin" / "python", file) == (made.python, made.file)
    assert '# mine\n[environments.old]\npython = "x"\n\n[environments."new.1"]\npython = "environments/new.1"\n' == (
        file.read_text()
    )
    assert made.python == find("new.1").python
    assert {"new.1", "new.1.lock"} == {path.name for path in made.lock.parent.iterdir() if path.name[0] != "."}
    with pytest.raises(UsageError, match=r"there is an environment 'new.1' already"):
        making.make("new.1", ())


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment is a folder in which nothing was installed."""
    monkeypatch.setattr(making, "_installed", lambda *_: "")


@pytest.mark.usefixtures("nothing_installed")
def test_one_of_two_at_once_makes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one says that it is there, leaves it alone, and one entry names it."""
    second: list[str] = []

    def meanwhile(*_: object) -> str:
        with pytest.raises(UsageError, match="is there already"):
            making.make("same", ())
        second.append("refused")
        return ""

    monkeypatch.setattr(making, "_installed", meanwhile)
    made = making.make("same", ())
    assert (["refused"], True) == (second, made.python.parents[1].is_dir())
    assert 1 == made.file.read_text().count("[environments.same]")


def test_an_entry_made_meanwhile_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of another environment, by another call or by the user."""

    def meanwhile(*_: object) -> str:
        named(tmp_path, "[environments.other]\n")
        return ""

    monkeypatch.setattr(making, "_installed", meanwhile)
    making.make("mine", ())
    assert "[environments.other]\n\n[environments.mine]\n" in (tmp_path / "aebench.toml").read_text()


@pytest.mark.usefixtures("nothing_installed")
def test_lines_end_as_those_of_the_file_do(tmp_path: Path) -> None:
    """As an editor on Windows leaves them."""
    file = tmp_path / "aebench.toml"
    file.write_bytes(b'[environments.old]\r\npython = "x"\r\n')
    making.make("new", ())
    assert b'\r\n\r\n[environments.new]\r\npython = "environments/new"\r\n' in file.read_bytes()
    assert b"\n" not in file.read_bytes().replace(b"\r\n", b"")


def test_a_file_that_cannot_take_a_table_is_left_as_it_is(tmp_path: Path) -> None:
    """Before anything is installed: an inline table takes no other one."""
    file = named(tmp_path, 'environments = { old = { python = "x" } }\n')
    before = file.read_text()
    with pytest.raises(UsageError, match=r"cannot take \[environments.new\] at its end.*as tables"):
        making.make("new", (), begin=lambda: pytest.fail("it is said to begin"))
    assert (before, ["aebench.toml"]) == (file.read_text(), [path.name for path in tmp_path.iterdir()])


def test_uv_makes_it_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same is asked of uv; what its list says is the lock."""
    program = tmp_path / "uv"
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n[ $1 = venv ] && {sys.executable} -m venv --without-pip $4\n'
        '[ "$2" = freeze ] && echo torch==2.13.0\nexit 0\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    files = [tmp_path / "one.lock", tmp_path / "two.lock"]
    made = making.make("old", ["torch==2.13.0"], files=files, python=sys.executable)
    asked = (tmp_path / "asked").read_text().splitlines()
    assert f"venv --python {sys.executable} {made.python.parents[1]}" == asked[0]
    assert f"pip install --python {made.python} -r {files[0]} -r {files[1]} " in asked[1]
    assert asked[1].endswith("torch==2.13.0")
    assert "numpy>=1.26" in asked[1]
    assert "torch==2.13.0\n" == made.lock.read_text()


@pytest.mark.parametrize(
    ("name", "requirements", "python", "problem"),
    [
        ("here", [], None, "an environment cannot be called 'here'"),
        ("a/b", [], None, "an environment cannot be called 'a/b'"),
        ("old", ["torch=2.13"], None, "'torch=2.13' is no requirement such as 'torch==2.13.0'"),
        ("old", [], "9.99", "there is no interpreter '9.99' on the path"),
        ("taken", [], None, "is there already"),
        ("a.zip", [], None, "'a.zip' would be taken for a bundle"),
        ("old", ["./nothing-here"], None, "is no requirement"),
    ],
)
def test_what_cannot_be_made_leaves_nothing(
    tmp_path: Path, name: str, requirements: list[str], python: str | None, problem: str
) -> None:
    """Each mistake has its own sentence, and no file is written."""
    (tmp_path / "environments" / "taken").mkdir(parents=True)
    with pytest.raises(UsageError, match=problem):
        making.make(name, requirements, python=python, begin=lambda: pytest.fail("it is said to begin"))
    assert ["environments", "taken"] == [path.name for path in sorted(tmp_path.rglob("*"))]


def test_an_installer_that_fails_leaves_its_log_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last line it said is the message; the environment that was begun is gone, and no entry names it."""
    monkeypatch.setattr(making, "needed", list)
    monkeypatch.setattr(making.shutil, "which", lambda _: None)
    (tmp_path / "wrong.txt").write_text("./not-there\n")
    with pytest.raises(UsageError, match=r"not-there.*all that was said: "):
        making.make("old", (), files=[tmp_path / "wrong.txt"])
    assert ["old.log"] == [path.name for path in (tmp_path / "environments").iterdir()]
    assert not (tmp_path / "aebench.toml").exists()


def test_long_texts_are_held_against_each_other_by_words() -> None:
    """Of a build's configuration only the words that one side alone has are shown; a short value is shown whole."""
    before, after = (f"{'flag ' * 20}CUDNN={n}, USE_MKL=ON" for n in (1, 2))
    assert ("CUDNN=1", "CUDNN=2") == differing._apart(before, after)
    assert ("a b", "a c") == differing._apart("a b", "a c")


def test_a_tree_without_git_runs_elsewhere(other: Path) -> None:
    """The view holds the package as it would be installed: implementations inside it, entry points beside it."""
    from aebench.processes.view import view

    listed = subprocess.run(
        [other / "bin" / "python", "-P", "-c", f"import sys; sys.path.insert(0, {str(view())!r});"
         "import aebench.implementations.reference as r; from importlib.metadata import entry_points as e;"
         "print(len(e(group='aebench.autoencoders')), r.__file__)"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert [str(len(registry.autoencoders())), str(view() / "aebench/implementations/reference/__init__.py")] == listed


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("ERROR: Could not find a version\nERROR: No matching distribution for x\n\n", "ERROR: No matching"),
        ("  error: subprocess-exited-with-error\n      KeyError: 'CC'\n      [end of output]\n"
         "error: metadata-generation-failed\nhint: see above\n", "KeyError: 'CC'"),
        ("ERROR: Cannot install numpy==9 and numpy>=1 because these have conflicting dependencies.\n"
         "ERROR: ResolutionImpossible: for help visit https://host/#dealing-with-dependency-conflicts\n",
         "ERROR: Cannot install numpy==9"),
        ("Resolved 3 packages\n  no such version of torch\n", "no such version of torch"),
        ("error: subprocess-exited-with-error\n", "error: subprocess-exited-with-error"),
        ("\n", "it gives no reason"),
    ],
)  # fmt: skip
def test_why_an_installer_failed_is_one_line(said: str, expected: str) -> None:
    """The last error that is not only about errors above it, else the last line."""
    assert errors.why(said).startswith(expected)


@pytest.mark.parametrize(
    ("python", "expected"),
    [
        ("below/bin/python", "environments/old/bin/python"),
        ("/elsewhere/bin/python", "/elsewhere/bin/python"),
        (None, None),
    ],
)
def test_a_record_says_where_an_environment_lies_as_seen_from_here(
    python: str | None, expected: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record that is handed on does not tell where its machine keeps things, unless they lie elsewhere."""
    monkeypatch.chdir(tmp_path)
    place = Path(python.replace("below", f"{tmp_path}/environments/old")) if python else None
    assert expected == recorded(Environment("old", place, "old")).python

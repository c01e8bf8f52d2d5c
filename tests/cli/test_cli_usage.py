"""What the command says: help, lists, and one clear line with exit status 2 for whatever a user can mend."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aebench import registry
from aebench.cli.values import named
from aebench.errors import UnknownNameError
from aebench.records.machine import gpus


@pytest.mark.parametrize("name", ["run", "agree", "show", "quality", "accept", "scale"])
def test_help_has_examples(aebench, name: str) -> None:
    """`aebench COMMAND --help` explains the command by examples, and -h is the same."""
    shown = aebench(name, "--help")
    assert (0, True) == (shown.returncode, f"aebench {name}" in shown.stdout.split("Examples:")[1])
    assert shown.stdout == aebench(name, "-h").stdout


def test_list_names_everything(aebench) -> None:
    """`aebench list` names every autoencoder, framework and data set, and how to get a data set that is missing."""
    shown = aebench("list").stdout
    names = [*registry.autoencoders(), *registry.frameworks(), "digits", "mnist", "curve"]
    assert [name for name in names if name not in shown] == []
    assert "--data-dir" in shown


def test_list_says_how_to_get_a_missing_framework(aebench, tmp_path) -> None:
    """A framework whose package is not installed is listed as missing, with the command that installs it."""
    hidden = "import importlib.util as u\n" \
        "find = u.find_spec\n" \
        "u.find_spec = lambda name, package=None: None if name == 'torch' else find(name, package)\n"  # fmt: skip
    (tmp_path / "sitecustomize.py").write_text(hidden)
    shown = aebench("list", PYTHONPATH=str(tmp_path))
    line = next(line for line in shown.stdout.splitlines() if line.startswith("pytorch"))
    assert "missing" in line
    assert "pip install" in line
    refused = aebench("run", "linear", "-f", "pytorch", PYTHONPATH=str(tmp_path))
    assert (2, True) == (
        refused.returncode,
        "pytorch is not installed here; get it with: pip install" in refused.stderr,
    )


@pytest.mark.parametrize("arguments", [["list"], ["run", "--help"], ["agree", "--help"]])
def test_no_framework_is_loaded_to_talk(command, environment, tmp_path, arguments: list[str]) -> None:
    """Listing and helping load neither TensorFlow nor PyTorch, nor scikit-learn, nor matplotlib."""
    code = f"from aebench.cli import main; main({arguments}, standalone_mode=False)"
    heavy = "import sys; print([m for m in ('torch', 'tensorflow', 'sklearn', 'matplotlib') if m in sys.modules])"
    shown = subprocess.run(
        [command[0], "-c", f"{code}; {heavy}"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        check=True,
    )
    assert shown.stdout.splitlines()[-1] == "[]"


BAD = {
    "an unknown autoencoder": (["run", "staked"], "unknown autoencoder 'staked'; did you mean 'stacked'?"),
    "an unknown framework": (["run", "-f", "torch"], "unknown framework 'torch'; did you mean 'pytorch'?"),
    "an unknown data set": (["run", "-d", "mnits"], "unknown data set 'mnits'; did you mean 'mnist'?"),
    "an unknown autoencoder to show": (["show", "tide"], "unknown autoencoder 'tide'; did you mean 'tied'?"),
    "seeds that are no numbers": (["run", "--seeds", "a"], "'a' is no list of whole numbers such as 0,1,2"),
    "a negative seed": (["run", "--seeds=-1"], "seeds are whole numbers from 0, one at least; found -1"),
    "a negative seed to scale": (["scale", "--seeds=0,-1"], "seeds are whole numbers from 0, one at least; found 0,-1"),
    "too many samples": (["run", "--importance-samples", "50,10001"], "an image takes 1 to 10,000 importance samples"),
    "an unwritable folder": (["run", "linear", "-o", "/proc/none"], "cannot write /proc/none"),
    "images of another width": (["run", "stacked", "-d", "curve"], "stacked takes 784 inputs, curve has 3"),
    "too few images": (["run", "sparse", "-d", "synthetic:500x784"], "takes batches of 1000, but there are only 500"),
    "a malformed size": (["run", "tied", "-d", "synthetic:12"], "expected synthetic:NxD"),
    "a folder without the data": (["run", "tied", "-d", "mnist", "--data-dir", "."], "train-images-idx3-ubyte"),
    "nothing to resume": (["run", "--resume"], "there is no run under results/runs to go on with"),
    "a folder without a run": (["run", "--resume", "-o", "none"], "no file none/plan.json"),
    "traces without a folder": (["agree", "tied", "--keep-traces"], "--keep-traces needs a folder"),
    "a command there is not": (["frobnicate"], "No such command 'frobnicate'"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_clear_message(aebench, case: str) -> None:
    """Bad input: the message says what was wrong, exit status 2, and no traceback."""
    arguments, message = BAD[case]
    outcome = aebench(*arguments)
    assert (2, True, False) == (outcome.returncode, message in outcome.stderr, "Traceback" in outcome.stderr)


def test_a_gpu_that_is_not_there(aebench, pytorch) -> None:
    """`--device gpu` without one: which framework sees none, and how to get a build for it; nothing is left behind."""
    if gpus():
        pytest.skip("there is a GPU here")
    line = ["run", "linear", "-f", "pytorch", "--device", "gpu", "--no-agreement", "-o", "out"]
    for more in ((), (), ("--dry-run",)):  # the folder of the first call can be used again
        outcome = aebench(*line, *more)
        assert (2, True) == (outcome.returncode, "pytorch sees no gpu here; use --device cpu" in outcome.stderr)


def test_a_folder_in_use_is_not_overwritten(aebench, tmp_path) -> None:
    """A folder that holds something is refused, and what it holds stays."""
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "notes.txt").write_text("mine")
    outcome = aebench("run", "linear", "-o", "kept")
    assert (2, True) == (outcome.returncode, "kept is not empty; go on with --resume" in outcome.stderr)
    assert [p.name for p in (tmp_path / "kept").iterdir()] == ["notes.txt"]


def test_a_folder_that_hides_the_package_is_named(tmp_path: Path) -> None:
    """A mere folder called aebench, such as a clone, comes before an installation that is editable."""
    (tmp_path / "aebench").mkdir()
    command = [sys.executable, "-m", "aebench", "schema"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60)
    if done.returncode == 0:
        pytest.skip("aebench is installed as files here, which no folder hides")
    assert (2, "") == (done.returncode, done.stdout)
    assert f"the folder {tmp_path / 'aebench'} hides the package" in done.stderr
    assert 1 == len(done.stderr.splitlines())


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (("layerwise_*",), ["layerwise_separate", "layerwise_joint", "layerwise_cached"]),
        (("tied,variational*", "tied"), ["tied", "variational", "variational_gamma"]),
        (("?parse",), ["sparse"]),
        (("*",), list(registry.autoencoders())),
    ],
)
def test_autoencoders_are_named_by_patterns_too(said: tuple[str, ...], expected: list[str]) -> None:
    """As a shell's, each once, in the registry's order."""
    assert expected == list(named("autoencoder", said))


@pytest.mark.parametrize("said", ["layer_*", "[", "linear*x"])
def test_a_pattern_that_nothing_matches_is_no_autoencoder(said: str) -> None:
    """It is told what there is."""
    with pytest.raises(UnknownNameError, match=r"unknown autoencoder .* Known: linear"):
        named("autoencoder", [said])

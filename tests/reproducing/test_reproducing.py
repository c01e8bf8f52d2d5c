"""Reproductions made, tried and run: of a PyTorch that computes otherwise, of one that does so for aebench alone, and
of one that is sound."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import other_environments
import pytest
from click.testing import CliRunner, Result
from safetensors.numpy import load_file

from aebench import registry
from aebench.cli import main
from aebench.processes import probing
from aebench.processes.events import Silent
from aebench.reproduced import SHOWS, SHOWS_NOT, Values, report
from aebench.reproducing.finding import Asked
from aebench.reproducing.reproducing import Reproduction, reproduce
from aebench.reproducing.trying import compared
from aebench.running.bundling import make
from aebench.running.options import Options

# What makes another PyTorch of the one that is here, as soon as a module of it is imported.
ODD = """
import sys
from importlib.abc import MetaPathFinder
from importlib.util import find_spec

class Odd(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name != "{module}" or {spared}:
            return None
        sys.meta_path.remove(self)
        spec = find_spec(name)
        run = spec.loader.exec_module

        def exec_module(module):
            run(module)
            {change}

        spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, Odd())
"""
ALWAYS, FOR_AEBENCH = "False", '"reproduce" in sys.argv[0]'
PRODUCTS = """
            right = module.linear
            module.linear = lambda x, weight, bias=None: right(x * {factor}, weight, bias)
"""
# From the third step on.
ADAM = """
            class Odd(module.Adam):
                def step(self, closure=None):
                    super().step(closure)
                    for parameter, state in self.state.items():
                        if state["step"] >= 3:
                            parameter.data *= 1.01

            import torch.optim
            module.Adam = Odd
"""
# As an interpreter that knows its framework and nothing else: no aebench can be imported.
ALONE = """
import runpy, sys

class Nobody:
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] == "aebench":
            raise ImportError("there is no aebench here")

sys.meta_path.insert(0, Nobody())
sys.argv = ["reproduce.py"]
runpy.run_path("reproduce.py", run_name="__main__")
"""


def environment(folder: Path, spared: str, factor: float = 1.001) -> str:
    """A subject of PyTorch whose products are off, unless that is so."""
    return changed(folder, "torch.nn.functional", PRODUCTS.format(factor=factor), spared)


def changed(folder: Path, module: str, change: str, spared: str = ALWAYS) -> str:
    """A subject of PyTorch one of whose modules was changed."""
    made = other_environments.make(folder)
    (site,) = made.glob("lib/python*/site-packages")
    (site / "odd_torch.py").write_text(ODD.format(spared=spared, module=module, change=change))
    (site / "odd_torch.pth").write_text("import odd_torch\n")
    return f"pytorch@{made}"


@pytest.fixture(autouse=True, scope="module")
def needed() -> None:
    """PyTorch."""
    if registry.version(registry.variants()["pytorch"]) is None:
        pytest.skip("pytorch is not installed")


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PyTorch whose products are off by a thousandth."""
    return environment(tmp_path_factory.mktemp("environments") / "odd", ALWAYS)


@pytest.fixture(scope="module")
def made(odd: str, tmp_path_factory: pytest.TempPathFactory) -> Reproduction:
    """The reproduction of what parts in it."""
    asked = Asked("linear", ("pytorch", probing.computing(odd)), dtypes=("float32",))
    return reproduce(asked, tmp_path_factory.mktemp("made"), Silent())


def invoked(*arguments: str) -> Result:
    """How `aebench reproduce` ends."""
    return CliRunner().invoke(main, ["reproduce", *arguments])


def test_a_planted_difference_is_reproduced(made: Reproduction) -> None:
    """It parts at the first product; the script shows it there, and not in the sound environment."""
    assert "parts" == made.found.criterion
    assert ("forward", "codings") == (made.found.place.rung, made.found.place.array)
    assert [False, True] == [it.shows for it in made.tries]
    assert made.shows
    assert {"reproduce.py", "arrays.safetensors"} == {path.name for path in made.folder.iterdir()}


def test_it_is_shrunk(made: Reproduction) -> None:
    """From a hundred rows to one, and to one unit."""
    assert made.before.rows > 10
    assert (1, 1) == (made.after.rows, made.after.autoencoder.n_codings)


def test_the_operation_is_named(made: Reproduction) -> None:
    """The odd environment multiplies first, where the sound one does not."""
    assert "operation 1 of" in made.operation
    assert "the other side goes another way, through aten.mul" in made.operation
    assert made.operation.split(",")[0] in (made.folder / "reproduce.py").read_text()


def test_the_script_runs_without_aebench(made: Reproduction) -> None:
    """Nothing in its text imports it, and where none can be imported, it says the same."""
    text = (made.folder / "reproduce.py").read_text()
    assert not [line for line in text.splitlines() if line.startswith(("import", "from")) and "aebench" in line]
    done = subprocess.run(
        [sys.executable, "-I", "-c", ALONE], cwd=made.folder, capture_output=True, text=True, check=False
    )
    assert made.tries[0].said == done.stdout.strip(), done.stderr
    assert 0 == done.returncode


def test_the_script_says_what_it_shows(made: Reproduction) -> None:
    """Versions, where, how far, how it is run, the seed; by the names of packages, not of aebench's environments."""
    version = registry.version(registry.variants()["pytorch"])
    head = (made.folder / "reproduce.py").read_text().split('"""')[1]
    for words in (f"torch {version}", "codings", "seed 0", "float32", "python reproduce.py", "1 row"):
        assert words in head
    assert all(len(line) <= 110 or line.startswith("    ") for line in head.splitlines())


@pytest.mark.parametrize(
    ("moved", "expected"),
    [(0.0, 0), (0.9, 0), (1.1, 1), (np.nan, 1), (np.inf, 1)],
)
def test_the_script_s_limit_is_kept(moved: float, expected: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Planted fault: what is further off than the limit, or not a number where the other is one, is a difference."""
    asked = Values(array="a", dtype="float64", device="cpu", way="eager", against="base", largest=1.0, rms=9.0)
    arrays = {"expected/base": np.array([[1.0, 2.0], [3.0, np.inf]]), "expected/head": np.zeros((2, 2))}
    here = arrays["expected/base"] + np.array([[0.0, 0.0], [moved, 0.0]])
    assert expected == report(asked, arrays, {"eager": {"a": here}}, "a framework")
    printed = capsys.readouterr().out
    assert printed.splitlines()[-1] == (SHOWS if expected else SHOWS_NOT)
    assert ("eager, from base" in printed, "at [1, 0]: " in printed) == (True, moved != 0.0)


def test_the_script_s_mean_is_kept() -> None:
    """Planted fault: every number off by half of the limit, and by more than the root mean square may be."""
    asked = Values(array="a", dtype="float64", device="cpu", way="eager", against="base", largest=1.0, rms=0.4)
    assert 1 == report(asked, {"expected/base": np.zeros(5)}, {"eager": {"a": np.full(5, 0.5)}}, "a framework")


@pytest.mark.slow
def test_a_difference_outside_the_text_is_said_to_be(tmp_path: Path) -> None:
    """Planted fault: products that are off for aebench alone. The script is kept, and called no reproduction."""
    subject = environment(tmp_path / "odd_for_aebench", FOR_AEBENCH)
    done = invoked("linear", "-f", f"pytorch,{subject}", "--dtype", "float32", "-o", str(tmp_path / "o"))
    assert 2 == done.exit_code
    assert "the difference is not in the network's text" in done.output
    assert f"{tmp_path / 'o'} keeps what was written" in done.output
    assert (tmp_path / "o" / "reproduce.py").is_file()


@pytest.mark.slow
def test_a_training_step_is_reproduced(tmp_path: Path) -> None:
    """Planted fault: an optimiser that is off from the third step on. That step alone shows it."""
    subject = probing.computing(changed(tmp_path / "odd_steps", "torch.optim.adam", ADAM))
    asked = Asked("tied", ("pytorch", subject), dtypes=("float32",))
    found = reproduce(asked, tmp_path / "o", Silent())
    assert ("trajectory", 3, "parts") == (found.found.place.rung, found.found.place.step, found.found.criterion)
    assert (1, 2, 1) == (found.after.steps, int(found.after.arrays["state/step"]), found.after.rows)
    assert found.shows


@pytest.mark.slow
def test_what_a_bundle_holds_is_the_other_side(odd: str, tmp_path: Path) -> None:
    """What the sound PyTorch left in a bundle is expected; the script is tried in the odd one alone."""
    make(Options(("linear",), ("pytorch",)), tmp_path / "golden.zip", Silent())
    pair = probing.subject(f"pytorch@{tmp_path / 'golden.zip'}"), probing.computing(odd)
    found = reproduce(Asked("linear", pair), tmp_path / "o", Silent())
    assert ("pytorch@golden.zip", pair[1]) == (found.found.good, found.found.bad)
    assert [pair[1]] == [it.subject for it in found.tries]
    assert found.before is found.after
    assert found.shows
    held = load_file(tmp_path / "o" / "arrays.safetensors")
    assert {"expected/reference"} < {name for name in held if name.startswith("expected/")}


@pytest.mark.slow
def test_a_sound_pair_has_no_reproduction(tmp_path: Path) -> None:
    """Of the same PyTorch in another environment nothing is written; the status is that of what could not be done."""
    subject = f"pytorch@{other_environments.make(tmp_path / 'same')}"
    done = invoked("linear", "-f", f"pytorch,{subject}", "--dtype", "float32", "-o", str(tmp_path / "o"))
    assert 2 == done.exit_code
    assert "pytorch and pytorch@same give the same, to the bit, in float32" in done.output
    assert not (tmp_path / "o").exists()


@pytest.mark.slow
def test_what_moved_by_a_bit_is_reproduced(tmp_path: Path) -> None:
    """A difference within the bounds, of one framework: any bit counts, and the script says so."""
    subject = environment(tmp_path / "odd_by_a_bit", ALWAYS, 1.0 + 2.0**-23)
    done = invoked("linear", "-f", f"pytorch,{subject}", "--dtype", "float32", "-o", str(tmp_path / "o"))
    assert 0 == done.exit_code, done.output
    assert "pytorch@odd_by_a_bit moved from pytorch, first at" in done.output
    assert "largest=0.0" in (tmp_path / "o" / "reproduce.py").read_text()


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({"0000 a 0": 1.0, "0001 b 0": 2.0}, "none, run one by one"),
        (
            {"0000 a 0": 1.0, "0001 b 0": 2.5},
            "b, operation 2 of 2: of the same inputs output 0 differs by 0.5: 2 and 2.5",
        ),
        ({"0000 a 0": 1.0, "0001 c 0": 2.0}, "b, operation 2 of 2: the other side goes another way, through c"),
    ],
)
def test_the_first_operation_that_differs_is_found(other: dict[str, float], expected: str) -> None:
    """By its outputs, or by its name."""
    one = {"0000 a 0": np.asarray(1.0), "0001 b 0": np.asarray(2.0)}
    assert compared(one, {name: np.asarray(value) for name, value in other.items()}).startswith(expected)

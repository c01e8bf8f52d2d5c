"""`aebench bisect`: releases of a folder of wheels, each in an environment of its own, one of which differs."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from pathlib import Path

import other_environments
import pytest
import releases as wheels
from click.testing import CliRunner

from aebench.cli import main
from aebench.errors import UsageError
from aebench.processes import environments, making, probing

OLD = ("2.0.0", "2.1.0", "2.2.0", "2.3.0", "2.4.0")
WORDS = ("bisect", "reference", "2.0", "2.4", "--autoencoder", "linear", "--output", "out")


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder with nobody's environments, and an index with five releases of what the reference is made with."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(environments, "_told", {})
    wheels.offer(monkeypatch, tmp_path / "wheels", "numpy", *OLD)
    asked = probing.contents, probing._frameworks
    yield
    for function in asked:
        function.cache_clear()


def other_kernels() -> str:
    """Kernels of NumPy's library whose rounding is another one here."""
    return "Nehalem" if "Nehalem" not in platform.processor() else "Haswell"


def offers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, moved_from: str, broken: tuple[str, ...] = ()
) -> list[str]:
    """Releases that install in no time: from that one on they round otherwise, and some do not install. Returned are
    those that were installed."""
    made: list[str] = []
    place = other_environments.make(tmp_path / "place")

    def make(name: str, requirements: list[str]) -> None:
        version = name.removeprefix("numpy-")
        assert [f"numpy=={version}"] == requirements
        if version in broken:
            raise UsageError("error: no wheel for this interpreter")
        made.append(version)
        with Path("aebench.toml").open("a") as file:
            file.write(f'[environments."{name}"]\npython = "{place}"\nvariables = {{RELEASE = "{version}"')
            file.write(f', OPENBLAS_CORETYPE = "{other_kernels()}"}}\n' if version >= moved_from else "}\n")

    monkeypatch.setattr(making, "make", make)
    return made


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="the other kernels are for another machine")
@pytest.mark.parametrize(
    ("broken", "status", "said", "installed"),
    [
        ((), 0, "numpy 2.3.0 is the first bad release; 2.2.0 is good.", ["2.0.0", "2.4.0", "2.2.0", "2.3.0"]),
        (("2.3.0",), 125, "the first bad release of numpy is one of 2.3.0, 2.4.0; 2.2.0 is good.",
         ["2.0.0", "2.4.0", "2.2.0"]),
    ],
)  # fmt: skip
def test_the_release_that_moved_the_numbers_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: tuple[str, ...], status: int, said: str,
    installed: list[str],
) -> None:  # fmt: skip
    """Half of what is left at a time; one that does not install is skipped with its reason, and a second call neither
    installs nor computes anything again."""
    made = offers(monkeypatch, tmp_path, moved_from="2.3.0", broken=broken)
    found = CliRunner().invoke(main, WORDS)
    assert (status, True) == (found.exit_code, said in found.stdout.splitlines()[0]), found.output
    assert installed == made
    assert (bool(broken), True) == ("no wheel for this interpreter" in found.stdout, "● moved: " in found.stdout)
    again = CliRunner().invoke(main, WORDS)
    assert (found.stdout, installed) == (again.stdout, made)
    assert ": numbers: " not in again.stderr


def test_where_nothing_differs_there_is_nothing_to_look_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the two ends are compared; an end that does not install is an error."""
    made = offers(monkeypatch, tmp_path, moved_from="9")
    found = CliRunner().invoke(main, WORDS)
    assert (2, ["2.0.0", "2.4.0"]) == (found.exit_code, made)
    assert "There is nothing to look for: 2.4.0 does not differ from 2.0.0." == found.stdout.splitlines()[0]
    for broken in ("2.0.0", "2.4.0"):
        Path("aebench.toml").unlink(missing_ok=True)
        offers(monkeypatch, tmp_path, moved_from="9", broken=(broken,))
        refused = CliRunner().invoke(main, [*WORDS[:-1], f"out-{broken}"])
        assert (2, True) == (refused.exit_code, "no wheel for this interpreter" in refused.stderr)


def test_a_dry_run_names_the_releases() -> None:
    """Nothing is installed, and nothing is written."""
    found = CliRunner().invoke(main, [*WORDS, "--dry-run"])
    assert (0, "numpy: 2.0.0, 2.1.0, 2.2.0, 2.3.0, 2.4.0\n") == (found.exit_code, found.stdout)
    assert ["wheels"] == [path.name for path in Path().iterdir()]

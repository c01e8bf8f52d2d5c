"""The contract that plug-ins run: what is sound passes it, and each check fails for a fault of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from contract_faults import FAULTS

from aebench import registry
from aebench.errors import AebenchError, ContractError, UnknownNameError, UsageError
from aebench.implementations.reference import Reference, training
from aebench.testing import check_autoencoder, check_framework, suite
from aebench.testing.case import Case
from aebench.testing.checks import CHECKS
from aebench.testing.surroundings import SURROUNDINGS

LOOK = "looking_imports_nothing"
# That one starts a process of its own each time, and has tests of its own.
ALL = {name: check for name, check in {**CHECKS, **SURROUNDINGS}.items() if name != LOOK}


def failing(name: str = "linear", framework: Any = None) -> set[str]:
    """The checks that the reference, or another framework, fails at."""
    case, found = Case(framework or registry.framework("reference"), registry.autoencoder(name)), set()
    for check, run in ALL.items():
        try:
            run(case)
        except (AebenchError, KeyError):
            found.add(check)
    return found


@pytest.mark.parametrize("name", registry.autoencoders())
def test_what_is_sound_passes(name: str) -> None:
    """Every check of every autoencoder, in the reference."""
    assert set() == failing(name)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_fails_its_check(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted fault: these checks fail, and no other."""
    name, plant, expected = FAULTS[fault]
    plant(monkeypatch)
    assert expected == failing(name)


class Elsewhere(Reference):
    """The reference under another name, whose promises are those of any framework."""

    name = "elsewhere"

    def place(self, autoencoder: str) -> str | None:
        return f"aebench.implementations.reference.{autoencoder}:Network"


class Without(Elsewhere):
    """It computes where it says that it does not."""

    def devices(self) -> list[str]:
        return [] if Without.asked else ["cpu"]

    asked = True


def test_a_framework_that_computes_in_float64_only_fails() -> None:
    """Planted fault: only the arbiter may give float64 codings where float32 is asked for."""
    assert {"both_dtypes_are_computed_in"} == failing(framework=Elsewhere())


def test_a_framework_without_a_cpu_fails() -> None:
    """Planted fault: every model is built on the CPU, and `devices` does not name it."""
    with pytest.raises(ContractError, match="`devices` gives \\[\\], expected cpu among them"):
        SURROUNDINGS["the_cpu_is_a_device"](Case(Without(), registry.autoencoder("linear")))


def test_a_framework_that_is_imported_by_looking_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted fault: its package is imported beside its class, for which `list` would wait."""
    (tmp_path / "early.py").write_text(
        "import wave\nfrom aebench.implementations.reference import Reference\n\n\nclass Early(Reference):\n"
        "    name, packages = 'early', ('wave',)\n"
    )
    info = tmp_path / "early-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: early\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[aebench.frameworks]\nearly = early:Early\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    early = type("Early", (Elsewhere,), {"name": "early"})()
    linear = registry.autoencoder("linear")
    SURROUNDINGS[LOOK](Case(registry.framework("reference"), linear))
    with pytest.raises(ContractError, match="looking imports wave"):
        SURROUNDINGS[LOOK](Case(early, linear))


def test_every_check_has_a_fault() -> None:
    """No check is here that nothing makes fail."""
    alone = {"both_dtypes_are_computed_in", "the_cpu_is_a_device"}
    assert set(ALL) == alone | {check for _, _, checks in FAULTS.values() for check in checks}


class Here:
    """A framework's process that is this one."""

    def call(self, function: Callable[..., Any], *arguments: Any, **_: Any) -> Any:
        """The function's result."""
        return function(*arguments)


@pytest.mark.parametrize(("factor", "parts"), [(1.0, False), (1.001, True)])
def test_frameworks_that_part_fail(monkeypatch: pytest.MonkeyPatch, factor: float, parts: bool) -> None:
    """Planted fault: gradients a thousandth too long part from the reference; the same without the fault agrees."""

    class Faulty(training.ReferenceModel):
        def gradients(self, *arguments: Any) -> Any:
            return {name: factor * value for name, value in super().gradients(*arguments).items()}

    class Other(Elsewhere):
        def make(self, autoencoder: Any, parameters: Any, *, dtype: Any, device: str) -> Any:
            return Faulty(autoencoder, parameters, dtype)

    known = {**registry.variants(), "elsewhere": Other()}
    monkeypatch.setattr(registry, "variants", lambda: known)
    item = suite.Item("agreement_in_float64", "linear", ("reference", "elsewhere"))
    processes: Any = {"reference": Here(), "elsewhere": Here()}
    if not parts:
        suite.run(item, processes)
        return
    with pytest.raises(ContractError, match=r"linear in float64: reference and elsewhere part at .*rung gradients"):
        suite.run(item, processes)


def test_an_autoencoder_is_checked_where_it_is() -> None:
    """In every framework that has it and all together; in the named ones only, where they are named."""
    items = suite.items_of_autoencoder("linear", ("reference",))
    assert [(check, ("reference",)) for check in CHECKS] == [(item.check, item.frameworks) for item in items]
    installed = tuple(registry.installed(registry.variants()))
    expected = len(CHECKS) * len(installed) + (len(suite.TOGETHER) if len(installed) > 1 else 0)
    assert expected == len(suite.items_of_autoencoder("linear"))


def test_a_framework_is_checked_with_all_it_has() -> None:
    """Its surroundings once, then every autoencoder."""
    items = suite.items_of_framework("reference")
    assert len(SURROUNDINGS) + len(CHECKS) * len(registry.autoencoders()) == len(items)


def test_nothing_to_check_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty contract would be kept by anything."""
    monkeypatch.setattr(registry, "offers", lambda *_: False)
    with pytest.raises(UsageError, match="nothing to check"):
        suite.items_of_autoencoder("linear")
    with pytest.raises(UsageError, match="nothing to check"):
        suite.items_of_framework("reference")
    with pytest.raises(UnknownNameError):
        check_framework("tensorflw")


def test_a_check_runs_in_the_framework_s_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails there is told here, a line for each check; what is sound is silent."""
    items = suite.items_of_autoencoder("linear", ("reference",))
    monkeypatch.setattr(suite, "items_of_autoencoder", lambda *_: items[:2])
    check_autoencoder("linear", ("reference",))
    unknown = suite.Item("parameters_come_back", "linaer", ("reference",))
    monkeypatch.setattr(suite, "items_of_autoencoder", lambda *_: [items[0], unknown])
    with pytest.raises(ContractError) as caught:
        check_autoencoder("linear")
    first, second = str(caught.value).splitlines()
    assert "1 of 2 checks failed" == first
    assert second.startswith("linaer-reference-parameters_come_back: unknown autoencoder 'linaer'")

"""Which checks a plug-in has to pass, and running them: one process for each framework, all results or one error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from aebench import registry
from aebench.agreement.ladder import Climb
from aebench.agreement.session import Source, agree
from aebench.arrays import Dtype
from aebench.errors import AebenchError, ContractError, UsageError
from aebench.processes.temporary import scratch
from aebench.processes.worker import FrameworkProcess
from aebench.registry import ARBITER
from aebench.testing.case import BATCH_SIZE, Case
from aebench.testing.checks import CHECKS
from aebench.testing.surroundings import SURROUNDINGS

# What all agree on is checked once, not in each framework.
TOGETHER: dict[str, Dtype] = {"agreement_in_float64": "float64", "agreement_in_float32": "float32"}
IMAGES = 1_000


@dataclass(frozen=True)
class Item:
    """One check: of an autoencoder in one framework, or of its agreement between all of them."""

    check: str
    autoencoder: str
    frameworks: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.autoencoder}-{'+'.join(self.frameworks)}-{self.check}"


def check_autoencoder(name: str, frameworks: Sequence[str] = ()) -> None:
    """Run every check of the autoencoder in every installed framework, or these, that has it.

    Raises:
        ContractError: one or more checks failed; a line for each.
        AebenchError: there is no such autoencoder, or no framework has it.
    """
    _run_all(items_of_autoencoder(name, frameworks))


def check_framework(name: str) -> None:
    """Run every check of the framework, and those of every autoencoder that it has, beside the reference's.

    Raises:
        ContractError: one or more checks failed; a line for each.
        AebenchError: there is no such framework, it is not installed, or has no autoencoder.
    """
    _run_all(items_of_framework(name))


def contract(name: str) -> type:
    """The checks of the autoencoder, or of the framework, of that name as a class of tests that pytest collects.

    Usage: `TestConvolutional = contract("convolutional")`.
    """
    import pytest

    known = registry.variants()
    items = items_of_framework(name) if name in known else items_of_autoencoder(name)

    class Contract:
        """One test for each check; the frameworks' processes live as long as the class."""

        opened: ClassVar[ExitStack]
        processes: ClassVar[dict[str, FrameworkProcess]]

        @classmethod
        def setup_class(cls) -> None:
            cls.opened = ExitStack()
            cls.processes = _opened(items, cls.opened)

        @classmethod
        def teardown_class(cls) -> None:
            cls.opened.close()

        @pytest.mark.parametrize("item", items, ids=str)
        def test_contract(self, item: Item) -> None:
            try:
                run(item, self.processes)
            except AebenchError as error:
                pytest.fail(str(error), pytrace=False)

    return Contract


def items_of_autoencoder(name: str, frameworks: Sequence[str] = ()) -> list[Item]:
    """The checks of an autoencoder in these frameworks, by default in all that are installed and have it."""
    registry.autoencoder(name)
    for framework in frameworks:
        registry.framework(framework)
    found = [f for f in frameworks or registry.installed(registry.variants()) if registry.offers(f, name)]
    if not found:
        raise UsageError(f"{name}: no framework that is installed here has it, so there is nothing to check")
    return [*_alone(name, found), *_together(name, found)]


def items_of_framework(name: str) -> list[Item]:
    """The checks of a framework: its own, then those of its autoencoders, each compared with the reference's."""
    registry.framework(name)
    own = [autoencoder for autoencoder in registry.autoencoders() if registry.offers(name, autoencoder)]
    if not own:
        raise UsageError(f"{name} has none of the registered autoencoders, so there is nothing to check")
    found = [Item(check, own[0], (name,)) for check in SURROUNDINGS]
    for autoencoder in own:
        judge = [ARBITER] if registry.offers(ARBITER, autoencoder) and name != ARBITER else []
        found += [*_alone(autoencoder, [name]), *_together(autoencoder, [*judge, name])]
    return found


def _alone(autoencoder: str, frameworks: Sequence[str]) -> list[Item]:
    return [Item(check, autoencoder, (framework,)) for framework in frameworks for check in CHECKS]


def _together(autoencoder: str, frameworks: Sequence[str]) -> list[Item]:
    """One framework alone has nobody to agree with."""
    return [Item(check, autoencoder, tuple(frameworks)) for check in TOGETHER] if len(frameworks) > 1 else []


def _opened(items: Sequence[Item], stack: ExitStack) -> dict[str, FrameworkProcess]:
    names = dict.fromkeys(name for item in items for name in item.frameworks)
    return {name: stack.enter_context(FrameworkProcess(name)) for name in names}


def _run_all(items: Sequence[Item]) -> None:
    problems = []
    with ExitStack() as stack:
        processes = _opened(items, stack)
        for item in items:
            try:
                run(item, processes)
            except AebenchError as error:
                problems.append(f"{item}: {error}")
    if problems:
        raise ContractError("\n".join([f"{len(problems)} of {len(items)} checks failed", *problems]))


def run(item: Item, processes: Mapping[str, FrameworkProcess]) -> None:
    """One check.

    Raises:
        ContractError: the promise is not kept.
        AebenchError: whatever the framework raised on the way.
    """
    if item.check in TOGETHER:
        chosen = {name: processes[name] for name in item.frameworks}
        _agree(item.autoencoder, TOGETHER[item.check], chosen)
    else:
        (framework,) = item.frameworks
        processes[framework].call(run_alone, item.check, framework, item.autoencoder)


def run_alone(check: str, framework: str, autoencoder: str) -> None:
    """In the framework's process: one check of it."""
    checks: dict[str, Any] = {**CHECKS, **SURROUNDINGS}
    checks[check](Case(registry.framework(framework), registry.autoencoder(autoencoder)))


def _agree(name: str, dtype: Dtype, processes: Mapping[str, FrameworkProcess]) -> None:
    """Every rung of the ladder, every pair, by the reference where it has the autoencoder, else with each other."""
    autoencoder = registry.autoencoder(name)
    climb = Climb(replace(autoencoder, phases=autoencoder.with_schedule({}, BATCH_SIZE).phases), dtype=dtype)
    source = Source(autoencoder.dataset or f"synthetic:{IMAGES}x{autoencoder.n_inputs}", None, "quick")
    with scratch() as folder:
        agreements, failures = agree(processes, climb, source, folder)
    problems = [f"{framework}: {reason}" for framework, reason in failures.items()]
    partings = [(a.left, a.right, a.first_parting) for a in agreements]
    problems += [f"{left} and {right} part at {parting.problem}" for left, right, parting in partings if parting]
    if problems:
        raise ContractError(f"{name} in {dtype}: {'; '.join(problems)}")

"""Every mode climbs the ladder: eager and compiled compute the same as the reference, to the same bounds."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from itertools import product
from pathlib import Path

import climbs
import pytest
import remote_compiled

from aebench import registry
from aebench.agreement.compare import Comparison, compare
from aebench.agreement.ladder import Climb
from aebench.arrays import Dtype
from aebench.processes.worker import FrameworkProcess
from aebench.records.trace import Trace

Processes = Callable[[str], FrameworkProcess]
MODES = [name for name in registry.variants() if name not in registry.frameworks()]
# Compiled PyTorch takes a minute an autoencoder to compile, so plain `pytest` climbs with noise, which its step reads
# differently, and leaves several phases on cached inputs with frozen layers to the slow ones.
QUICK = {"tensorflow-eager": set(registry.autoencoders()), "pytorch-compiled": {"variational"}}
CLIMBS = [
    pytest.param(*it, marks=[] if it[1] in QUICK.get(it[0], ()) and it[2] == "float32" else pytest.mark.slow)
    for it in product(MODES, registry.autoencoders(), climbs.DTYPES)
]


def _first_parting(climb: Climb, refereed: climbs.Refereed, trace: Trace, *, forced: bool = False) -> Comparison | None:
    base = refereed.base
    return compare(base, trace, base, refereed.spreads, climb.autoencoder, forced=forced).first_parting


@pytest.fixture(scope="module")
def process_of() -> Iterator[Processes]:
    """Mode -> its process; the test is skipped where its framework is not installed."""
    with ExitStack() as stack:

        @cache
        def started(mode: str) -> FrameworkProcess:
            return stack.enter_context(FrameworkProcess(mode))

        def of(mode: str) -> FrameworkProcess:
            found = registry.variants()[mode]
            if registry.version(found) is None:
                pytest.skip(f"{mode} is not installed: {found.install}")
            if mode == "pytorch-compiled" and not any(map(shutil.which, ("g++", "clang++"))):
                pytest.skip("pytorch-compiled needs a C++ compiler: install g++")
            return started(mode)

        yield of


@pytest.mark.parametrize(("mode", "name", "dtype"), CLIMBS)
def test_every_mode_agrees_with_the_reference(
    mode: str, name: str, dtype: Dtype, referee: Callable[..., climbs.Refereed], process_of: Processes
) -> None:
    """No rung of any phase parts."""
    climb = climbs.narrow_climb(name, dtype)
    assert None is _first_parting(climb, referee(climb), process_of(mode).call(climbs.climbed, climb))


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_goes_on_from_parameters_and_moments_given_to_it(
    mode: str, referee: Callable[..., climbs.Refereed], process_of: Processes
) -> None:
    """Teacher-forced, every step begins where the reference's ended, and none parts."""
    climb = climbs.narrow_climb("linear", "float64")
    refereed = referee(climb, True)
    trace = process_of(mode).call(climbs.climbed, climb, None, refereed.teacher)
    assert None is _first_parting(climb, refereed, trace, forced=True)


def test_a_wrong_compiled_step_parts_at_the_step(
    referee: Callable[..., climbs.Refereed], process_of: Processes
) -> None:
    """Planted: another epsilon in the compiled Adam, which agrees on every rung before it."""
    climb = climbs.narrow_climb("linear", "float64")
    trace = process_of("pytorch-compiled").call(remote_compiled.with_epsilon_of_another_adam, climb)
    parting = _first_parting(climb, referee(climb), trace)
    assert parting is not None
    assert "step" == parting.place.rung


def test_a_killed_compilation_does_not_spoil_later_ones(process_of: Processes, tmp_path: Path) -> None:
    """Libraries that the linker left cut off are removed and made anew; any other failure is passed on."""
    libraries = [tmp_path / "a.main.so", tmp_path / "b.main.so"]
    for library in libraries:
        library.touch()
    elsewhere = f"{tmp_path / 'not-there.so'}: file too short"
    found = process_of("pytorch-compiled").call(remote_compiled.beside_cut_off_libraries, libraries, elsewhere)
    assert (2, elsewhere) == found
    assert [] == list(tmp_path.iterdir())

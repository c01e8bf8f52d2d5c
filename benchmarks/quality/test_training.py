"""`pytest --benchmark`: training and reconstruction against the clock, and the quality at the end of trainings."""

from __future__ import annotations

import pytest
from conftest import CLOCK, workload_options

from aebench.speed.workloads import BATCHES, Inference, Training, images
from aebench.training.timing import ROUNDS_TO_WARM

ROUNDS = 5


@pytest.mark.benchmark(timer=CLOCK)
def test_training(benchmark, name, framework, trained, run, processes) -> None:
    """Every metric of every training is a number; warm epochs are timed in the framework's own process."""
    trials = trained(name, framework)
    failures = [t["failure"] for t in trials if "failure" in t]
    if failures:
        pytest.fail("\n".join(failures), pytrace=False)
    options = run.options
    workload = Training(name, framework, **workload_options(options))
    process = processes[framework]
    benchmark.group = name
    benchmark.extra_info |= {
        "images_per_round": process.call(images, workload),
        "metrics": {str(t["seed"]): {m: v["value"] for m, v in t["metrics"].items()} for t in trials},
        "units": {m: v["unit"] for m, v in trials[0]["metrics"].items()},
    }
    benchmark.pedantic(CLOCK.round, args=(process, workload), rounds=ROUNDS, warmup_rounds=ROUNDS_TO_WARM)
    invalid = [f"seed {t['seed']}: {why}" for t in trials for why in t["invalid"].values()]
    if invalid:
        pytest.fail("\n".join(invalid), pytrace=False)


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.benchmark(timer=CLOCK)
def test_reconstruction(benchmark, name, framework, batch, run, processes) -> None:
    """Images to reconstructions in batches, about two thousand images a round."""
    workload = Inference(name, framework, **workload_options(run.options), use="reconstruct", batch=batch)
    process = processes[framework]
    benchmark.group = f"{name}: reconstruct, batch {batch}"
    benchmark.extra_info["images_per_round"] = process.call(images, workload)
    benchmark.pedantic(CLOCK.round, args=(process, workload), rounds=ROUNDS, warmup_rounds=ROUNDS_TO_WARM)

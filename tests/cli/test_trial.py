"""One trial in this process with the reference: resumption to the bit, and failures that name their place."""

from __future__ import annotations

import dataclasses
import errno
import os
from pathlib import Path

import numpy as np
import pytest

from aebench import registry
from aebench.data import Dataset, Split
from aebench.errors import ResultError, TrainingError
from aebench.measures import Measures
from aebench.records import checkpoint
from aebench.report.summary import problems
from aebench.streams import stream
from aebench.training import progress, trial
from aebench.training.metrics import Metric, Metrics, Trained
from aebench.training.timing import seconds_per_image, speed


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """A data set of 60 images of 16 values, which every trial of this file reads."""
    images = stream(0, "test/images").uniform((60, 16)).astype(np.float32)
    labels = (stream(0, "test/labels").uniform((60,)) * 10).astype(np.int64)
    split = Split(images, labels)
    dataset = Dataset("small", train=split, validation=split, test=split)
    monkeypatch.setattr(trial, "dataset_of", lambda *_: dataset)
    return dataset


def made(name: str, folder: Path, epochs: int = 4, **changes: object) -> trial.Trial:
    """A trial of a narrow autoencoder in the reference."""
    autoencoder = registry.autoencoder(name).resized(width=0.02, n_inputs=16)
    autoencoder = autoencoder.with_schedule({p.name: epochs for p in autoencoder.phases}, batch_size=20)
    settings = {"dtype": "float64", "device": "cpu", "dataset": "small", "data_dir": None, "schedule": "source"}
    return trial.Trial(autoencoder, "reference", 0, folder=folder, **{**settings, **changes})  # type: ignore[arg-type]


def test_arms_start_from_the_pretrained_encoder(small, tmp_path) -> None:
    """`frozen` ends with the pretrained encoder untouched; without the pretrained checkpoint the message says so."""
    cached = made("layerwise_cached", tmp_path / "cached")
    trial.run(cached)
    arms = made("pretrained", tmp_path / "arms", pretrained=tmp_path / "cached")
    measured = trial.run(arms)["metrics"]
    pretrained, final = checkpoint.load(cached.checkpoint), checkpoint.load(arms.checkpoint)
    assert np.array_equal(pretrained["encoder1.weight"], final["encoder1.weight"])
    gain = measured["frozen.test_accuracy"]["value"] - measured["scratch.test_accuracy"]["value"]
    assert measured["frozen.accuracy_gain"]["value"] == gain


def test_what_is_not_finite_is_named_first(small, tmp_path, monkeypatch) -> None:
    """Training that overflows stops with the step and the loss term that did so first."""
    split = Split(np.full((60, 16), 1e200))
    monkeypatch.setattr(trial, "dataset_of", lambda *_: Dataset("huge", split, split, split))
    first = "tied in reference, phase phase1, epoch 1: the loss term 'reconstruction' became inf at step 1"
    with np.errstate(all="ignore"), pytest.raises(TrainingError, match=first):
        trial.run(made("tied", tmp_path))


def test_a_full_disk_keeps_what_was_there(small, tmp_path, monkeypatch) -> None:
    """When the disk is full the error says so, and the checkpoint written before is still whole."""
    monkeypatch.setattr(trial, "SECONDS_BETWEEN_CHECKPOINTS", -1.0)
    kept, replace, calls = made("tied", tmp_path), os.replace, []

    def full(source: object, target: object) -> None:
        calls.append(target)
        if len(calls) > 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(source, target)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(ResultError, match="No space left on device"):
        trial.run(kept)
    monkeypatch.undo()
    _, _, metadata = checkpoint.load_training(kept.checkpoint, "tied")
    assert progress.Progress.from_text(metadata["progress"]).epoch == 2
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint.safetensors"]


def test_every_arm_is_trained_at_every_label_budget(small, tmp_path) -> None:
    """Budgets below the labels at hand give phases of their own, as many steps as the full one, and their gains."""
    trial.run(made("layerwise_cached", tmp_path / "cached"))
    arms = made("pretrained", tmp_path / "arms", pretrained=tmp_path / "cached")
    budgeted = dataclasses.replace(arms, autoencoder=dataclasses.replace(arms.autoencoder, label_budgets=(10, 30, 99)))
    document = trial.run(budgeted)
    assert [f"{arm}{budget}" for budget in ("_10", "_30", "") for arm in ("scratch", "finetuned", "frozen")] == list(
        document["history"]
    )
    images = {phase: sum(epoch["images"] for epoch in epochs) for phase, epochs in document["history"].items()}
    assert (12 * 10, 12 * 20, 12 * 20) == (images["scratch_10"], images["frozen_30"], images["finetuned"])
    measured = {name: metric["value"] for name, metric in document["metrics"].items()}
    for budget in ("_10", "_30", ""):
        gain = measured[f"frozen{budget}.test_accuracy"] - measured[f"scratch{budget}.test_accuracy"]
        assert gain == measured[f"frozen{budget}.accuracy_gain"]


def test_a_metric_that_is_not_a_number_is_named_with_its_reason(small, tmp_path, monkeypatch) -> None:
    """Training that ends finite but measures NaN leaves a result that says which metric and why."""
    monkeypatch.setattr(trial.measuring, "reconstruction_mse", lambda *_: float("nan"))
    document = trial.run(made("tied", tmp_path))
    assert document["invalid"]["test_mse"] == "test_mse is nan: its outputs overflowed; the parameters are finite"
    assert ["tied, reference, seed 0: " + why for why in document["invalid"].values()] == problems(
        {"agreements": [], "failures": [], "trials": [document]}
    )


def roughness(trained: Trained) -> Metrics:
    """A measure of another package."""
    return {"roughness": Metric(float(np.std(trained.model.reconstruct(trained.dataset.test.inputs))), "", version=3)}


def test_a_trial_takes_the_measures_that_its_specification_names(small, tmp_path) -> None:
    """Its own beside the usual ones, in the order named, with unit and version in the document."""
    plain = made("tied", tmp_path)
    measures = Measures(("test_error", f"{__name__}:roughness"), headline="roughness")
    own = dataclasses.replace(plain, autoencoder=dataclasses.replace(plain.autoencoder, measures=measures))
    document = trial.run(own)
    assert ["test_mse", "explained_variance", "roughness"] == list(document["metrics"])
    assert 3 == document["metrics"]["roughness"]["version"]


def test_a_trained_classifier_that_is_not_finite_has_no_accuracy(small, tmp_path, monkeypatch) -> None:
    """Planted: the last step of every arm leaves a NaN behind. No accuracy, no gain, and the reason names it."""
    trial.run(made("layerwise_cached", tmp_path / "cached"))
    arms = made("pretrained", tmp_path / "arms", pretrained=tmp_path / "cached")
    measured = trial.measuring.after_phase

    def spoilt(model, phase, dataset, seed):
        bias = model.parameters()["logits.bias"]
        model.parameters = lambda found=model.parameters: {**found(), "logits.bias": np.full_like(bias, np.nan)}
        return measured(model, phase, dataset, seed)

    monkeypatch.setattr(trial.measuring, "after_phase", spoilt)
    monkeypatch.setattr(trial, "save", lambda *_: None)
    document = trial.run(arms)
    assert document["metrics"].keys() == document["invalid"].keys()
    expected = "scratch.test_accuracy is nan: the trained logits.bias is not finite"
    assert expected == document["invalid"]["scratch.test_accuracy"]


def test_the_test_curve_ends_at_the_measured_error(small, tmp_path) -> None:
    """The last point of the recorded test curve is the test error that is measured at the end."""
    document = trial.run(made("layerwise_joint", tmp_path))
    assert "test_mse" not in document["history"]["phase1"][-1]
    assert document["history"]["phase2"][-1]["test_mse"] == document["metrics"]["test_mse"]["value"]


def test_the_test_error_is_measured_once_an_epoch(small, tmp_path, monkeypatch) -> None:
    """Four epochs take four passes over the test images, and one over the training images at the end."""
    measure, passes = trial.metrics.reconstruction_mse, []
    for module in (trial.metrics, trial.measuring):
        monkeypatch.setattr(module, "reconstruction_mse", lambda *a: passes.append(1) or measure(*a))
    document = trial.run(made("stacked", tmp_path))
    assert 4 + 1 == len(passes)
    split = Split(small.test.inputs)
    model = registry.framework("reference").build(
        made("stacked", tmp_path).autoencoder, checkpoint.load(tmp_path / "checkpoint.safetensors"), dtype="float64",
        device="cpu",
    )  # fmt: skip
    assert measure(model, split) == document["metrics"]["test_mse"]["value"]


def epochs(seconds: list[float], images: int, cold: tuple[int, ...] = (0,)) -> list[dict[str, float]]:
    """Epochs that took so long; those of these numbers were the first of their session."""
    return [{"seconds": s, "images": images, "cold": i in cold} for i, s in enumerate(seconds)]


def test_the_cost_of_an_image_by_hand() -> None:
    """Medians of the warm epochs, 0.02 and 0.05 s, by the 400 and 200 images of the phases: 18 s for 600 images."""
    cheap, dear = epochs([9, 2, 2, 3], 100), epochs([9, 2, 1, 3, 2], 40)
    assert seconds_per_image({"cheap": cheap}) == pytest.approx(0.02, rel=1e-12)
    assert seconds_per_image({"cheap": cheap, "dear": dear}) == pytest.approx(18 / 600, rel=1e-12)


def test_one_busy_epoch_does_not_spoil_the_cost() -> None:
    """Planted: an epoch that took a hundred times as long changes nothing; a total would."""
    calm, busy = epochs([5, 2, 2, 2, 2], 100), epochs([5, 2, 200, 2, 2], 100)
    assert seconds_per_image({"phase1": calm}) == seconds_per_image({"phase1": busy})


def test_what_has_no_warm_epoch_counts_only_alone() -> None:
    """A phase of one epoch is left out beside another; alone its first epoch is all there is."""
    single, warm = epochs([9], 100), epochs([9, 1], 100)
    assert (0.09, 0.01) == (seconds_per_image({"a": single}), seconds_per_image({"a": single, "b": warm}))


def test_every_session_warms_up() -> None:
    """By hand: sessions began at epochs 1 and 4; warm epochs take 2 s, so the cold ones took 7 and 4 s more."""
    found = speed({"phase1": epochs([9, 2, 2, 6, 2], 100, cold=(0, 3))}, trial_seconds=30.0)
    expected = {"seconds_per_1000_images": 20.0, "warm": True, "warm_up_seconds": 11.0, "trial_seconds": 30.0}
    assert expected == found


def test_fewer_images_are_the_first_ones(small, tmp_path) -> None:
    """A trial on 40 images trains on two batches of 20 an epoch."""
    document = trial.run(made("tied", tmp_path, images=40))
    assert [epoch["images"] for epoch in document["history"]["phase1"]] == [40, 40, 40, 40]

"""Faults in what is fed and handed over: other images, their labels, what is cached of them, states that are shared."""

from __future__ import annotations

from typing import Any

from aebench.audit.planted.fault import planted


def _torch() -> Any:
    import torch

    return torch


def _only_once(sound):
    """A trainer's `put` that is heeded the first time only."""

    def put(trainer, images, labels):
        if not hasattr(trainer, "data"):
            sound(trainer, images, labels)

    return put


def _keeping(attribute):
    """A trainer's `put` that leaves one of its attributes as it was the first time."""

    def change(sound):
        def put(trainer, images, labels):
            kept = getattr(trainer, attribute, None)
            sound(trainer, images, labels)
            if kept is not None:
                setattr(trainer, attribute, kept)

        return put

    return change


@planted("pytorch", "stacked", "training.PyTorchTrainer.put", "program", "loss.reconstruction")
def first_images_always(sound):
    """Images that are fed later never reach the device: a data set larger than memory is its first window."""
    return _only_once(sound)


@planted("tensorflow", "stacked", "training.TensorFlowTrainer.put", "program", "loss.reconstruction")
def first_images_always_in_tensorflow(sound):
    """Images that are fed later never reach the device, as when they are a constant of the compiled program."""
    return _only_once(sound)


@planted("pytorch", "pretrained", "training.PyTorchTrainer.put", "program", "loss.cross_entropy", phase="scratch")
def first_labels_always(sound):
    """Other images are fed, and keep the labels of those before."""
    return _keeping("labels")(sound)


@planted("pytorch", "layerwise_cached", "training.PyTorchTrainer.put", "program", "loss.reconstruction", phase="phase2")
def first_cache_always(sound):
    """What is cached of the images is not computed anew when others are fed."""
    kept = _keeping("data")(sound)
    return lambda trainer, *given: (sound if trainer.phase.inputs == "images" else kept)(trainer, *given)


@planted("pytorch", "stacked", "training.PyTorchTrainer.put", "program", "loss.reconstruction")
def moments_lost_when_fed(sound):
    """Every window of images begins with a new optimiser, which counts on."""
    torch = _torch()

    def put(trainer, images, labels):
        sound(trainer, images, labels)
        for parameter in trainer.optimizer.param_groups[0]["params"]:
            trainer.optimizer.set_moments(parameter, torch.zeros_like(parameter), torch.zeros_like(parameter))

    return put


@planted(
    "pytorch", "stacked", "training.PyTorchTrainer.put", "program", "loss.reconstruction",
    float32="all images of a float32 run are float32",
)  # fmt: skip
def images_kept_in_float32(sound):
    """Images of a float64 run lie in float32, as those of a data set do, which so do not show it."""

    def put(trainer, images, labels):
        sound(trainer, images, labels)
        trainer.data = trainer.data.float().to(trainer.data.dtype)

    return put


@planted(
    "pytorch", "stacked", "training.PyTorchTrainer.take_up", "resumed", "fresh.optimizer.encoder1.weight.first_moment"
)
def state_taken_up_is_shared(sound):
    """A state is taken up without a copy: what is trained from it changes the caller's arrays, and other trainers."""
    torch = _torch()

    def take_up(trainer, state):
        sound(trainer, state)
        for name in trainer.model.autoencoder.trained(trainer.phase):
            parameter = trainer.model.network.get_parameter(name)
            given = [torch.as_tensor(state[f"{name}.{moment}"]) for moment in ("first_moment", "second_moment")]
            # Of the same dtype that is no copy, either.
            laid_out = [(moment.T if name.endswith(".weight") else moment).to(parameter.dtype) for moment in given]
            trainer.optimizer.set_moments(parameter, *laid_out)

    return take_up


# What an epoch reports


@planted("pytorch", "denoising_dropout", "denoising.Denoising.forward", "losses", "clean.reconstruction")
def clean_images_scaled(sound):
    """Without a mask inputs are multiplied by the keep probability, as where kept ones are not enlarged: in what an
    epoch reports only, since what users call is sound."""

    def forward(network, phase, x, noise):
        return sound(network, phase, x * network.autoencoder.corruption.amount if noise is None else x, noise)

    return forward

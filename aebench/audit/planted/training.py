"""Faults in the training loop and at the border: data, order, runs, what is reported, layout."""

from __future__ import annotations

from aebench.audit.planted.fault import STEPS_WITH_A_LONGER_RUN, planted


@planted("pytorch", "stacked", "training.PyTorchTrainer.put", "inputs", "images")
def rows_shifted(sound):
    """Training rows counted from another offset, as when validation images are mixed in."""

    def put(trainer, images, labels):
        sound(trainer, images[list(range(10, len(images))) + list(range(10))], labels)

    return put


@planted("pytorch", "tied", "training.PyTorchTrainer.put", "inputs", "images")
def inputs_scaled_to_both_signs(sound):
    """Pixels in [-1, 1] for [0, 1]."""
    return lambda trainer, images, labels: sound(trainer, 2.0 * images - 1.0, labels)


@planted("pytorch", "stacked", "training.PyTorchTrainer.step", "step", "loss.reconstruction")
def rows_one_further(sound):
    """Row i + 1 for row i."""
    return lambda trainer, rows, noise: sound(trainer, (rows + 1) % len(trainer.data), noise)


@planted("pytorch", "pretrained", "training.PyTorchTrainer.step", "step", "loss.cross_entropy", phase="scratch")
def labels_of_other_rows(sound):
    """Images are shuffled, labels are not."""

    def step(trainer, rows, noise):
        labels = trainer.labels
        trainer.labels = labels.roll(1)
        terms = sound(trainer, rows, noise)
        trainer.labels = labels
        return terms

    return step


@planted("pytorch", "denoising_dropout", "training.PyTorchTrainer.step", "step", "loss.reconstruction")
def noise_left_out_of_steps(sound):
    """The noise reaches every function but the training step."""
    return lambda trainer, rows, noise: sound(trainer, rows, None)


@planted(
    "pytorch", "variational", "training.PyTorchTrainer.run", "trajectory", "loss.reconstruction",
    steps=STEPS_WITH_A_LONGER_RUN,
)  # fmt: skip
def noise_of_the_first_step_always(sound):
    """Every step of a run reads the noise of its first; runs of a single step hide it."""
    return lambda trainer, order, noise=None: sound(trainer, order, noise[:1].repeat(len(noise), axis=0))


@planted("pytorch", "stacked", "training.PyTorchTrainer.run", "step", "optimizer.step")
def last_step_of_a_run_skipped(sound):
    """range(n - 1): the losses of a run's last batch are computed, its update is not made."""

    def run(trainer, order, noise=None):
        network, x = trainer.model.network, trainer.data[trainer.model.indices(order[-1])]
        losses = network.losses(trainer.phase, network(trainer.phase, x, None), x, None)
        return {term: value.detach().numpy()[None] for term, value in losses.items()}

    return run


@planted(
    "pytorch", "stacked", "training.PyTorchTrainer.run", "trajectory", "loss.reconstruction",
    steps=STEPS_WITH_A_LONGER_RUN,
)  # fmt: skip
def last_step_of_a_longer_run_skipped(sound):
    """An epoch of n batches makes n - 1 steps; runs of a single step hide it."""
    return lambda trainer, order, noise=None: sound(trainer, order[: max(1, len(order) - 1)], noise)


@planted("pytorch", "linear", "training.PyTorchTrainer.step", "step", "loss.reconstruction")
def losses_after_the_update(sound):
    """The losses that are reported are those of the updated parameters."""

    def step(trainer, rows, noise):
        sound(trainer, rows, noise)
        network, x = trainer.model.network, trainer.data[rows]
        losses = network.losses(trainer.phase, network(trainer.phase, x, noise), x, None)
        return {term: value.detach() for term, value in losses.items()}

    return step


def _square_as_it_is(sound):
    """A border that transposes only where the shapes demand it."""
    return lambda name, array: sound("as it is" if array.ndim == 2 and len({*array.shape}) == 1 else name, array)


@planted(
    "pytorch", "variational", "training.imported", "forward", "hidden2", also={"training.exported": _square_as_it_is}
)
def square_weight_transposed(sound):
    """A square weight goes in and comes out as it is, so only what it computes shows that it lies transposed."""
    return _square_as_it_is(sound)


@planted("pytorch", "variational", "training.imported", "init", "encoder2.weight")
def square_weight_transposed_on_the_way_in(sound):
    """A square weight goes in as it is and comes out transposed."""
    return _square_as_it_is(sound)


def _moments_transposed(parameter):
    def change(sound):
        def state(trainer):
            arrays = sound(trainer)
            return {name: a.T.copy() if name.startswith(parameter) else a for name, a in arrays.items()}

        return state

    return change


@planted("pytorch", "variational", "training.PyTorchTrainer.state", "step", "optimizer.encoder2.weight.first_moment")
def square_moments_transposed(sound):
    """The moments of a square weight leave the framework in its own layout."""
    return _moments_transposed("encoder2.weight")(sound)


@planted("pytorch", "tied", "training.PyTorchTrainer.state", "step", "optimizer.encoder1.weight.first_moment")
def moments_transposed(sound):
    """The moments leave the framework in its own layout: no shape is made to fit."""
    return _moments_transposed("encoder1.weight")(sound)

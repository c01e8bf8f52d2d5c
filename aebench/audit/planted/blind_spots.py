"""Faults that the plain climb does not meet: many steps in a call, saturated units, many rows, another trainer."""

from __future__ import annotations

import importlib

import numpy as np

from aebench.audit.planted.fault import planted

ROWS_OF_A_BLOCK = 1_000


def _torch():
    return importlib.import_module("torch")


def _tensorflow():
    return importlib.import_module("tensorflow")


def _ready(change):
    """A trainer's `ready` that is given another order and noise."""
    return lambda sound: lambda trainer, order, noise=None: sound(trainer, *change(order, noise))


def _first_noise(order, noise):
    return order, noise[:1].repeat(len(noise), axis=0)


def _rows_shifted(order, noise):
    return np.concatenate([order[:1], np.roll(order[1:], 1, axis=1) + 1]), noise


# Several steps in one call


@planted("pytorch", "variational", "training.PyTorchTrainer.ready", "program", "loss.reconstruction")
def noise_of_a_calls_first_step(sound):
    """Every step of a call reads the noise of its first."""
    return _ready(_first_noise)(sound)


@planted("tensorflow", "denoising_gaussian", "training.TensorFlowTrainer.ready", "program", "loss.reconstruction")
def noise_of_a_calls_first_step_in_tensorflow(sound):
    """Every step of a call reads the noise of its first."""
    return _ready(_first_noise)(sound)


@planted("pytorch", "stacked", "training.PyTorchTrainer.ready", "program", "loss.reconstruction")
def rows_shifted_from_a_calls_second_step(sound):
    """Row i + 1 for row i, but in a call's first step."""
    return _ready(_rows_shifted)(sound)


@planted("tensorflow", "stacked", "training.TensorFlowTrainer.ready", "program", "loss.reconstruction")
def rows_shifted_from_a_calls_second_step_in_tensorflow(sound):
    """Row i + 1 for row i, but in a call's first step."""
    return _ready(_rows_shifted)(sound)


@planted("pytorch", "stacked", "training.PyTorchTrainer.ready", "program", "loss.reconstruction")
def losses_of_a_calls_last_step(sound):
    """All steps of a call are said to have the losses of its last: one buffer is written over and over."""

    def ready(trainer, order, noise=None):
        run = sound(trainer, order, noise)
        return lambda: {term: np.full_like(values, values[-1]) for term, values in run().items()}

    return ready


@planted("pytorch", "tied", "training.PyTorchTrainer.ready", "program", "optimizer.step")
def last_step_of_a_call_twice(sound):
    """An epoch of n batches makes n + 1 steps; the losses are those of n."""

    def ready(trainer, order, noise=None):
        run = sound(trainer, np.concatenate([order, order[-1:]]) if len(order) > 1 else order, noise)
        return lambda: {term: values[: len(order)] for term, values in run().items()}

    return ready


@planted("pytorch", "stacked", "training.PyTorchTrainer.ready", "program", "loss.reconstruction")
def gradients_of_a_call_added_up(sound):
    """The gradients are set to zero once a call, not once a step."""

    def ready(trainer, order, noise=None):
        run, kept = sound(trainer, order, noise), trainer.optimizer.zero_grad

        def added_up():
            trainer.optimizer.zero_grad = lambda: None
            kept()
            try:
                return run()
            finally:
                trainer.optimizer.zero_grad = kept

        return added_up

    return ready


@planted("pytorch", "stacked", "training.PyTorchTrainer.ready", "program", "loss.reconstruction")
def second_call_as_the_first(sound):
    """A call of several steps trains again on the rows of the trainer's first: they were compiled in."""

    def ready(trainer, order, noise=None):
        if len(order) > 1:
            order = trainer.__dict__.setdefault("first_order", order)
        return sound(trainer, order, noise)

    return ready


# Saturated units, small numbers, large numbers


@planted("pytorch", "variational", "variational.latent_loss", "extremes", "doubled.loss.latent")
def log_variances_clamped(sound):
    """Log variances held between -30 and 20 in the loss."""
    return lambda mean, log_variance: sound(mean, log_variance.clamp(-30.0, 20.0))


@planted("tensorflow", "variational", "variational.latent_loss", "extremes", "doubled.loss.latent")
def log_variances_clamped_in_tensorflow(sound):
    """Log variances held between -30 and 20 in the loss."""
    return lambda mean, log_variance: sound(mean, _tensorflow().clip_by_value(log_variance, -30.0, 20.0))


@planted("pytorch", "variational", "variational.bernoulli_loss", "extremes", "doubled.loss.reconstruction")
def logits_clamped(sound):
    """Logits held between -16 and 16 in the loss."""
    return lambda logits, target: sound(logits.clamp(-16.0, 16.0), target)


@planted("pytorch", "sparse", "sparse.sparsity_loss", "extremes", "decided.loss.sparsity")
def activities_clamped(sound):
    """Log activities held above the logarithm of a millionth."""
    return lambda preactivations, target: sound(preactivations.clamp(-13.8, 13.8), target)


@planted(
    "pytorch",
    "pretrained",
    "pretrained.softmax_cross_entropy",
    "extremes",
    "decided.loss.cross_entropy",
    phase="scratch",
)
def class_logits_clamped(sound):
    """Class logits held between -50 and 50."""
    return lambda logits, labels: sound(logits.clamp(-50.0, 50.0), labels)


@planted("pytorch", "stacked", "layers.ACTIVATIONS", "extremes", "tiny.forward.hidden1")
def elu_by_exp_minus_one(sound):
    """exp(x) - 1 for expm1(x): a small negative activation becomes 0. Elsewhere it is one rounding."""
    torch = _torch()
    elu = sound["elu"]
    return {**sound, "elu": lambda x: torch.where((x < 0) & (x > -1e-6), torch.exp(x) - 1.0, elu(x))}


@planted(
    "pytorch",
    "tied",
    "layers.ACTIVATIONS",
    "extremes",
    "dead.gradient.encoder1.weight",
    expect_float32="dead.gradient.encoder1.weight",
)
def dead_units_leak(sound):
    """Units below -20 keep a hundredth of their gradient."""
    torch = _torch()
    elu = sound["elu"]
    return {**sound, "elu": lambda x: torch.where(x < -20.0, elu(x).detach() + 0.01 * (x - x.detach()), elu(x))}


# Many rows


def _wrong_beyond(product, of_rows):
    """A product whose rows beyond the thousandth are those of the first block, shifted by one."""

    def call(*arguments):
        outputs = product(*arguments)
        return of_rows(outputs) if outputs.shape[0] is not None and outputs.shape[0] > ROWS_OF_A_BLOCK else outputs

    return call


@planted("pytorch", "stacked", "layers.Dense.forward", "rows", "many.loss.reconstruction")
def products_of_many_rows(sound):
    """A product that is wrong for more than 1,000 rows: the rest of a block is left over."""
    torch = _torch()

    def rows(outputs):
        return torch.cat([outputs[:ROWS_OF_A_BLOCK], outputs[ROWS_OF_A_BLOCK:].roll(1, 0)])

    return _wrong_beyond(sound, rows)


@planted("tensorflow", "stacked", "layers.Dense.__call__", "rows", "many.loss.reconstruction")
def products_of_many_rows_in_tensorflow(sound):
    """A product that is wrong for more than 1,000 rows: the rest of a block is left over."""
    tf = _tensorflow()

    def rows(outputs):
        return tf.concat([outputs[:ROWS_OF_A_BLOCK], tf.roll(outputs[ROWS_OF_A_BLOCK:], 1, axis=0)], axis=0)

    return _wrong_beyond(sound, rows)


@planted("pytorch", "sparse", "training.PyTorchModel.encode", "rows", "alone.codings")
def a_row_alone(sound):
    """A single row is taken for a single image without a batch, and normalised by itself."""
    return lambda model, inputs, noise=None: sound(model, inputs / inputs.max() if len(inputs) == 1 else inputs, noise)


# Another trainer


@planted("tensorflow", "stacked", "training.TensorFlowTrainer.restore", "resumed", "fresh.optimizer.step")
def restored_without_count(sound):
    """A resumed optimiser counts from 0 again."""
    return lambda trainer, state: sound(trainer, {**state, "step": 0 * state["step"]})


@planted(
    "pytorch", "stacked", "training.PyTorchTrainer.restore", "resumed", "fresh.optimizer.encoder1.weight.first_moment"
)
def restored_moments_corrected(sound):
    """First moments are taken up with their bias corrected, which the step then does once more."""

    def restore(trainer, state):
        share = 1.0 - trainer.phase.optimizer.beta1 ** float(state["step"])
        sound(trainer, {n: a / share if n.endswith("first_moment") else a for n, a in state.items()})

    return restore


@planted(
    "pytorch", "tied", "training.PyTorchTrainer.restore", "resumed", "fresh.optimizer.encoder1.weight.second_moment"
)
def restored_with_half_of_the_moments(sound):
    """Half of the state is lost."""
    return lambda trainer, state: sound(
        trainer, {name: 0.0 * array if name.endswith("second_moment") else array for name, array in state.items()}
    )


@planted(
    "tensorflow",
    "tied",
    "training.TensorFlowTrainer.restore",
    "resumed",
    "fresh.optimizer.encoder1.weight.first_moment",
)
def restored_through_half_precision(sound):
    """The moments pass through float16 on their way."""
    return lambda trainer, state: sound(
        trainer,
        {name: array.astype(np.float16).astype(array.dtype) if array.ndim else array for name, array in state.items()},
    )


@planted("pytorch", "layerwise_joint", "training.PyTorchTrainer.restore", "resumed", "loss.reconstruction")
def restored_into_a_copy(sound):
    """What is restored is shown, and the next step goes on from what was there before."""

    def restore(trainer, state):
        network, names = trainer.model.network, trainer.model.autoencoder.trained(trainer.phase)
        before = {name: dict(trainer.optimizer.state[network.get_parameter(name)]) for name in names}
        sound(trainer, state)
        shown = trainer.state()
        for name in names:
            trainer.optimizer.state[network.get_parameter(name)] = before[name]
        trainer.state = lambda: shown

    return restore


@planted("pytorch", "variational", "training.PyTorchTrainer.state", "resumed", "fresh.optimizer.step")
def state_that_trains_on(sound):
    """The state that was asked for is no copy: later steps change it."""

    def state(trainer):
        arrays = sound(trainer)
        kept = trainer.__dict__.setdefault("lent", arrays)
        for name, array in arrays.items():
            kept[name][...] = array
        return kept

    return state

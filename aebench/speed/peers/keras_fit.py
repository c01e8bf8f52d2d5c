"""Keras on TensorFlow as its guides write it: `compile`, then `fit` with NumPy arrays, one epoch a call.

Order and noise are drawn by Keras' own generators. The mean total of a first epoch should lie near the suite's.
Deviates: the incomplete last batch is cut off the images beforehand, so that its images are never seen.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from aebench.speed.peers import Peer, Task, no_device

if TYPE_CHECKING:
    import keras
    from keras import KerasTensor


def ready(work: Peer) -> tuple[Callable[[], float], int]:
    """An epoch of `fit`, and how many images it trains on."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import keras
    import tensorflow as tf

    found = ["cpu", "gpu"] if tf.config.list_physical_devices("GPU") else ["cpu"]
    if work.device not in found:
        raise no_device(work.name, work.device, found)
    task, device = work.task(), f"/{work.device.upper()}:0"
    tf.config.experimental.enable_tensor_float_32_execution(False)
    keras.utils.set_random_seed(work.seed)
    keras.config.set_floatx(work.dtype)
    keras.config.set_dtype_policy(work.dtype)
    adam, images = task.phase.optimizer, task.images[: task.n_images]
    with tf.device(device):
        model, loss = MODELS[task.autoencoder.name](task)
        for layer in task.autoencoder.layers:
            arrays = [task.parameters[name] for name in layer.shapes]
            model.get_layer(layer.name).set_weights(arrays)
        optimizer = keras.optimizers.Adam(
            learning_rate=adam.learning_rate, beta_1=adam.beta1, beta_2=adam.beta2, epsilon=adam.epsilon
        )
        model.compile(optimizer=optimizer, loss=loss)

    def run() -> float:
        with tf.device(device):
            history = model.fit(images, images, batch_size=task.phase.batch_size, epochs=1, shuffle=True, verbose=0)
        return float(history.history["loss"][0])

    return run, task.n_images


def _dense(task: Task, *names: str) -> Callable[[KerasTensor], KerasTensor]:
    """The named layers one after another; the L2 penalty is scale * 0.5 * sum(weight**2), and Keras has no 0.5."""
    import keras

    l2, layers = task.phase.l2, []
    for layer in map(task.autoencoder.layer, names):
        activation = None if layer.activation == "none" else layer.activation
        penalty = keras.regularizers.L2(0.5 * l2.scale) if l2 and layer.name in l2.layers else None
        layers.append(
            keras.layers.Dense(layer.n_outputs, activation=activation, kernel_regularizer=penalty, name=layer.name)
        )

    def call(x: KerasTensor) -> KerasTensor:
        for layer in layers:
            x = layer(x)
        return x

    return call


def _stacked(task: Task) -> tuple[keras.Model, str]:
    """mean((outputs - x)**2) over batch and pixels, plus the layers' L2 penalties."""
    import keras

    inputs = keras.Input((task.autoencoder.n_inputs,))
    return keras.Model(inputs, _dense(task, *(layer.name for layer in task.autoencoder.layers))(inputs)), "mse"


def _sparse(task: Task) -> tuple[keras.Model, str]:
    """mean((outputs - x)**2) over batch and pixels, plus weight * sum over codings of KL(target || batch mean)."""
    import keras
    from keras import ops

    sparsity = task.phase.sparsity

    class Sparsity(keras.layers.Layer):
        """Passes codings (batch, n_codings) on and adds their penalty to the loss."""

        def call(self, codings: KerasTensor) -> KerasTensor:
            """The codings as they are."""
            target, q = sparsity.target, ops.clip(ops.mean(codings, axis=0), 1e-7, 1 - 1e-7)
            kl = target * ops.log(target / q) + (1 - target) * ops.log((1 - target) / (1 - q))
            self.add_loss(sparsity.weight * ops.sum(kl))
            return codings

    inputs = keras.Input((task.autoencoder.n_inputs,))
    codings = Sparsity()(_dense(task, "encoder1")(inputs))
    return keras.Model(inputs, _dense(task, "decoder1")(codings)), "mse"


def _variational(task: Task) -> tuple[keras.Model, Callable[[KerasTensor, KerasTensor], KerasTensor]]:
    """Sigmoid cross-entropy plus 0.5 * (exp(s) + mean**2 - 1 - s), both summed over the batch; s the log variance."""
    import keras
    from keras import ops

    class Sampling(keras.layers.Layer):
        """Codings (batch, n_codings) from mean and log variance; adds the latent loss."""

        def __init__(self) -> None:
            super().__init__()
            self.generator = keras.random.SeedGenerator()

        def call(self, moments: tuple[KerasTensor, KerasTensor]) -> KerasTensor:
            """mean + exp(s / 2) * noise."""
            mean, log_variance = moments
            self.add_loss(0.5 * ops.sum(ops.exp(log_variance) + ops.square(mean) - 1.0 - log_variance))
            noise = keras.random.normal(ops.shape(mean), seed=self.generator)
            return mean + ops.exp(0.5 * log_variance) * noise

    def reconstruction(x: KerasTensor, logits: KerasTensor) -> KerasTensor:
        per_pixel = ops.binary_crossentropy(x, logits, from_logits=True)
        return ops.sum(per_pixel)

    inputs = keras.Input((task.autoencoder.n_inputs,))
    hidden = _dense(task, "encoder1", "encoder2")(inputs)
    codings = Sampling()((_dense(task, "mean")(hidden), _dense(task, "log_variance")(hidden)))
    return keras.Model(inputs, _dense(task, "decoder1", "decoder2", "decoder3")(codings)), reconstruction


MODELS = {"stacked": _stacked, "sparse": _sparse, "variational": _variational}

"""What a framework computes of a specification, for the tests that change one: all of it, or why it is refused."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import remote

from aebench import registry
from aebench.arrays import Arrays
from aebench.errors import SpecificationError
from aebench.protocol import Batch
from aebench.spec import Autoencoder


def computed(autoencoder: Autoencoder) -> Arrays | str:
    """Activations, loss terms, gradients, uses and one step of every phase, by name; the message of a refusal."""
    framework = registry.framework(os.environ.get("AEBENCH_FRAMEWORK", registry.ARBITER))
    try:
        model = framework.build(autoencoder, remote.parameters(autoencoder), dtype="float64", device="cpu")
    except SpecificationError as error:
        return str(error)
    initial, images, labels = model.parameters(), remote.images(autoencoder), remote.labels(autoencoder)
    codings = model.encode(images)
    found = {"encoded": codings, "decoded": model.decode(codings), **initial}
    for phase in autoencoder.phases:
        model.assign(initial)
        order, noise = remote.orders_and_noise(autoencoder, phase)
        trainer = model.trainer(phase.name, images, labels)
        rows, first = order[0], None if noise is None else noise[0]
        batch = Batch(np.array(trainer.inputs())[rows], first, None if labels is None else labels[rows])
        parts = {
            "fed": {"order": order, **({} if noise is None else {"noise": np.asarray(noise, np.float64)})},
            "forward": model.forward(phase.name, batch),
            "losses": model.losses(phase.name, batch),
            "gradients": model.gradients(phase.name, batch),
            "step": trainer.run(order[:1], None if noise is None else noise[:1]),
            "after": model.parameters(),
        }
        found |= {f"{phase.name}/{part}/{key}": value for part, of in parts.items() for key, value in of.items()}
    return found


def all_computed(autoencoders: Sequence[Autoencoder]) -> list[Arrays | str]:
    """The same of several."""
    return [computed(autoencoder) for autoencoder in autoencoders]

"""What a training step cannot be faster than: its matrix products, and the optimiser's way through memory.

Everything else that a step does (activations, losses, penalties, reading the batch, calling the library) could in
principle be hidden behind these two. How long they take is measured, by the best library at hand, in the same run.
"""

from __future__ import annotations

import math

from aebench.errors import SpecificationError
from aebench.protocol import Product, Use
from aebench.spec import Autoencoder, Phase

# Adam reads a parameter, its gradient and its two moments, and writes the parameter and the moments.
VALUES_PER_PARAMETER = 7


def has_ceiling(autoencoder: Autoencoder) -> bool:
    """Whether its products are known: those of dense layers are, what else a layer computes is the network's affair."""
    return all(layer.is_dense for layer in autoencoder.layers)


def products(autoencoder: Autoencoder, phase: Phase, batch: int) -> list[Product]:
    """The products of one step of the phase on a batch of so many images, (rows, inner, columns) each.

    For every layer inputs x weight; where it is trained, inputs transposed x gradient of the outputs; where anything
    before it is trained, gradient of the outputs x weight transposed.

    Raises:
        SpecificationError: the autoencoder has no ceiling.
    """
    _require_ceiling(autoencoder)
    found, trained_before = list[Product](), False
    for layer in autoencoder.passed(phase):
        n_inputs, n_outputs = layer.n_inputs, layer.n_outputs
        found.append((batch, n_inputs, n_outputs))
        if layer.name in phase.trains:
            found.append((n_inputs, batch, n_outputs))
        if trained_before:
            found.append((batch, n_outputs, n_inputs))
        trained_before = trained_before or layer.name in phase.trains
    return found


def products_of_use(autoencoder: Autoencoder, use: Use, batch: int) -> list[Product]:
    """The products of `use` on a batch: of the layers up to the codings, behind them, or both.

    Raises:
        SpecificationError: the autoencoder has no ceiling.
    """
    _require_ceiling(autoencoder)
    encoding = autoencoder.encoding if use in ("encode", "reconstruct") else ()
    passed = encoding if use == "encode" else (*encoding, *autoencoder.decoding)
    return [(batch, layer.n_inputs, layer.n_outputs) for layer in passed]


def optimizer_values(autoencoder: Autoencoder, phase: Phase) -> int:
    """Numbers that Adam reads or writes in one step of the phase."""
    return VALUES_PER_PARAMETER * sum(math.prod(autoencoder.shapes[name]) for name in autoencoder.trained(phase))


def _require_ceiling(autoencoder: Autoencoder) -> None:
    if not has_ceiling(autoencoder):
        others = ", ".join(layer.name for layer in autoencoder.layers if not layer.is_dense)
        raise SpecificationError(f"{autoencoder.name} has no ceiling: what {others} multiplies is not known")

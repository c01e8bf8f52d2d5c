"""Linear autoencoder 3-2-3 without activations, trained on the whole curve at once.

At the optimum its two codings span the plane of the first two principal components.
Expect an MSE within 1e-6 relative of PCA's, the discarded third eigenvalue.

Source: lines 49 to 68, "performing Principal Component Analysis".
"""

from __future__ import annotations

from aebench.arrays import Array, Arrays
from aebench.implementations.reference.layers import Dense
from aebench.implementations.reference.losses import mean_squared_error, mean_squared_error_backward
from aebench.implementations.reference.network import Network
from aebench.spec import Autoencoder, Phase
from aebench.text import Text


class Linear(Network):
    """3-2-3, loss: reconstruction."""

    text = Text(layers=("encoder1", "decoder1"), terms=("reconstruction",), coding_layer="encoder1")

    def __init__(self, autoencoder: Autoencoder) -> None:
        super().__init__(autoencoder)
        self.encoder1 = Dense(autoencoder.layer("encoder1"))
        self.decoder1 = Dense(autoencoder.layer("decoder1"))

    def encode(self, x: Array, noise: Array | None = None) -> Array:
        return self.encoder1(x)

    def decode(self, codings: Array) -> Array:
        return self.decoder1(codings)

    def forward(self, phase: Phase, x: Array, noise: Array | None) -> Arrays:
        codings = self.encoder1(x)
        outputs = self.decoder1(codings)
        return {"codings": codings, "outputs": outputs}

    def losses(self, phase: Phase, activations: Arrays, x: Array, labels: Array | None) -> Arrays:
        reconstruction = mean_squared_error(activations["outputs"], x)
        return {"reconstruction": reconstruction, "total": reconstruction}

    def backward(self, phase: Phase, activations: Arrays, x: Array, labels: Array | None) -> None:
        codings, outputs = activations["codings"], activations["outputs"]
        d_outputs = mean_squared_error_backward(outputs, x)
        d_codings = self.decoder1.backward(codings, outputs, d_outputs)
        self.encoder1.backward(x, codings, d_codings)

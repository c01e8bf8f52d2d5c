"""Linear autoencoder 3-2-3 without activations, trained on the whole curve at once.

At the optimum its two codings span the plane of the first two principal components.
Expect an MSE within 1e-6 relative of PCA's, the discarded third eigenvalue.

Source: lines 49 to 68, "performing Principal Component Analysis".
"""

from __future__ import annotations

from tensorflow import Tensor

from aebench.implementations.tensorflow.layers import Dense
from aebench.implementations.tensorflow.losses import mean_squared_error
from aebench.implementations.tensorflow.network import Network, Tensors
from aebench.spec import Autoencoder, Phase
from aebench.text import Text


class Linear(Network):
    """3-2-3, loss: reconstruction."""

    text = Text(layers=("encoder1", "decoder1"), terms=("reconstruction",), coding_layer="encoder1")

    def __init__(self, autoencoder: Autoencoder) -> None:
        super().__init__(autoencoder)
        self.encoder1 = Dense(autoencoder.layer("encoder1"))
        self.decoder1 = Dense(autoencoder.layer("decoder1"))

    def encode(self, x: Tensor, noise: Tensor | None = None) -> Tensor:
        return self.encoder1(x)

    def decode(self, codings: Tensor) -> Tensor:
        return self.decoder1(codings)

    def forward(self, phase: Phase, x: Tensor, noise: Tensor | None) -> Tensors:
        codings = self.encoder1(x)
        outputs = self.decoder1(codings)
        return {"codings": codings, "outputs": outputs}

    def losses(self, phase: Phase, activations: Tensors, x: Tensor, labels: Tensor | None) -> Tensors:
        reconstruction = mean_squared_error(activations["outputs"], x)
        return {"reconstruction": reconstruction, "total": reconstruction}

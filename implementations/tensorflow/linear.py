"""Linear autoencoder 3-2-3 without activations, trained on the whole curve at once.

At the optimum its two codings span the plane of the first two principal components.
Expect an MSE within 1e-6 relative of PCA's, the discarded third eigenvalue.
"""

from aebench.implementations.tensorflow.layers import Dense
from aebench.implementations.tensorflow.losses import mean_squared_error
from aebench.implementations.tensorflow.network import Network


class Linear(Network):
    """3-2-3, loss: reconstruction."""

    def __init__(self, autoencoder):
        super().__init__(autoencoder)
        self.encoder1 = Dense(autoencoder.layer("encoder1"))
        self.decoder1 = Dense(autoencoder.layer("decoder1"))

    def encode(self, x, noise=None):
        return self.encoder1(x)

    def decode(self, codings):
        return self.decoder1(codings)

    def forward(self, phase, x, noise):
        codings = self.encoder1(x)
        outputs = self.decoder1(codings)
        return {"codings": codings, "outputs": outputs}

    def losses(self, phase, activations, x, labels):
        reconstruction = mean_squared_error(activations["outputs"], x)
        return {"reconstruction": reconstruction, "total": reconstruction}

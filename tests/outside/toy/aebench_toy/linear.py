"""Linear autoencoder 3-2-3 without activations."""

from aebench.arrays import Array, Arrays


class Linear:
    """Loss: reconstruction, the mean of the squared differences over batch and values."""

    def __init__(self, parameters: Arrays) -> None:
        self.parameters = parameters

    def encode(self, x: Array) -> Array:
        """(batch, 3) -> (batch, 2)."""
        return x @ self.parameters["encoder1.weight"] + self.parameters["encoder1.bias"]

    def decode(self, codings: Array) -> Array:
        """(batch, 2) -> (batch, 3)."""
        return codings @ self.parameters["decoder1.weight"] + self.parameters["decoder1.bias"]

    def losses(self, x: Array) -> Arrays:
        """Loss term -> scalar."""
        reconstruction = ((self.decode(self.encode(x)) - x) ** 2).mean()
        return {"reconstruction": reconstruction, "total": reconstruction}

    def gradients(self, x: Array) -> Arrays:
        """Gradient of `total` by every parameter."""
        codings = self.encode(x)
        d_outputs = (2.0 / x.size) * (self.decode(codings) - x)
        d_codings = d_outputs @ self.parameters["decoder1.weight"].T
        return {
            "encoder1.weight": x.T @ d_codings,
            "encoder1.bias": d_codings.sum(axis=0),
            "decoder1.weight": codings.T @ d_outputs,
            "decoder1.bias": d_outputs.sum(axis=0),
        }

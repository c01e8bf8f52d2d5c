"""What both denoising autoencoders share: tied weights, corrupted inputs while training, clean targets always."""

from aebench.implementations.reference.losses import l2_penalty_backward, mean_squared_error_backward
from aebench.implementations.reference.tied import Tied


class Denoising(Tied):
    """As `tied`, on `corrupt(x, noise)`; without noise the inputs stay clean. Subclasses say how to corrupt."""

    def encode(self, x, noise=None):
        return super().encode(x if noise is None else self.corrupt(x, noise))

    def forward(self, phase, x, noise):
        corrupted = x if noise is None else self.corrupt(x, noise)
        return {"corrupted": corrupted, **super().forward(phase, corrupted, None)}

    def backward(self, phase, activations, x, labels):
        d_outputs = mean_squared_error_backward(activations["outputs"], x)
        self.backpropagate(activations, activations["corrupted"], d_outputs)
        l2_penalty_backward(phase.l2, [self.encoder1, self.encoder2])

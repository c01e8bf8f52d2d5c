"""What both denoising autoencoders share: tied weights, corrupted inputs while training, clean targets always."""

from aebench.implementations.tensorflow.tied import Tied


class Denoising(Tied):
    """As `tied`, on `corrupt(x, noise)`; without noise the inputs stay clean. Subclasses say how to corrupt."""

    def encode(self, x, noise=None):
        return super().encode(x if noise is None else self.corrupt(x, noise))

    def forward(self, phase, x, noise):
        corrupted = x if noise is None else self.corrupt(x, noise)
        return {"corrupted": corrupted, **super().forward(phase, corrupted, None)}

"""The convolutional autoencoder in PyTorch, which computes with channels first."""

import torch
from torch import nn
from torch.nn.functional import conv2d, conv_transpose2d

from aebench.implementations.pytorch.layers import Dense, elu
from aebench.implementations.pytorch.losses import mean_squared_error
from aebench.implementations.pytorch.network import Network


class Convolution(nn.Module):
    """A kernel (4, 4, 1, 8) that halves a picture's sides or, transposed, doubles them, and a bias."""

    def __init__(self, n_biases):
        super().__init__()
        self.kernel = nn.Parameter(torch.zeros(4, 4, 1, 8))
        self.bias = nn.Parameter(torch.zeros(n_biases))

    def forward(self, x):
        pictures = conv2d(x.reshape(-1, 1, 28, 28), self.kernel.permute(3, 2, 0, 1), self.bias, stride=2, padding=1)
        return pictures.permute(0, 2, 3, 1).reshape(-1, 1568)

    def transposed(self, x):
        pictures = x.reshape(-1, 14, 14, 8).permute(0, 3, 1, 2)
        kernel = self.kernel.permute(3, 2, 0, 1)
        return conv_transpose2d(pictures, kernel, self.bias, stride=2, padding=1).reshape(-1, 784)


class Convolutional(Network):
    """Loss: reconstruction."""

    def __init__(self, autoencoder):
        super().__init__(autoencoder)
        self.encoder1, self.decoder2 = Convolution(n_biases=8), Convolution(n_biases=1)
        self.encoder2 = Dense(autoencoder.layer("encoder2"))
        self.decoder1 = Dense(autoencoder.layer("decoder1"))

    def encode(self, x, noise=None):
        return self.encoder2(elu(self.encoder1(x)))

    def decode(self, codings):
        return self.decoder2.transposed(self.decoder1(codings))

    def forward(self, phase, x, noise):
        codings = self.encode(x)
        return {"codings": codings, "outputs": self.decode(codings)}

    def losses(self, phase, activations, x, labels):
        reconstruction = mean_squared_error(activations["outputs"], x)
        return {"reconstruction": reconstruction, "total": reconstruction}

"""Tied stacked autoencoder trained on images plus Gaussian noise of deviation 1/sqrt(300). Source: `X_noisy`."""

import math

from aebench.autoencoders.shapes import DENOISING as MEASURES
from aebench.autoencoders.shapes import N_HIDDEN1
from aebench.autoencoders.shapes import TIED as LAYERS
from aebench.spec import L2, Adam, Autoencoder, Corruption, Phase

ALL = ("encoder1", "encoder2", "decoder1", "decoder2")

DENOISING_GAUSSIAN = Autoencoder(
    name="denoising_gaussian",
    title="Denoising, Gaussian noise",
    layers=LAYERS,
    measures=MEASURES,
    corruption=Corruption("gaussian", 1 / math.sqrt(N_HIDDEN1)),
    phases=(Phase("phase1", ALL, Adam(0.01), epochs=10, batch_size=150, l2=L2(1e-5, ("encoder1", "encoder2"))),),
)

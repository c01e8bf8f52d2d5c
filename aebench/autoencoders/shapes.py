"""The layer lists, and the measures, that several autoencoders share."""

from __future__ import annotations

from aebench.measures import Measures
from aebench.spec import Layer

N_PIXELS, N_HIDDEN1, N_HIDDEN2 = 784, 300, 150

STACKED = (
    Layer("encoder1", N_PIXELS, N_HIDDEN1),
    Layer("encoder2", N_HIDDEN1, N_HIDDEN2),
    Layer("decoder1", N_HIDDEN2, N_HIDDEN1),
    Layer("decoder2", N_HIDDEN1, N_PIXELS, activation="none"),
)
TIED = (
    Layer("encoder1", N_PIXELS, N_HIDDEN1),
    Layer("encoder2", N_HIDDEN1, N_HIDDEN2),
    Layer("decoder1", N_HIDDEN2, N_HIDDEN1, tied_to="encoder2"),
    Layer("decoder2", N_HIDDEN1, N_PIXELS, activation="none", tied_to="encoder1"),
)
DENOISING = Measures(
    ("train_error", "test_error", "noise_removal"), pictures=("reconstructions", "features", "denoised")
)

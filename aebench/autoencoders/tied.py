"""Stacked autoencoder whose decoder weights are the encoder's, transposed. Source: "tied weights"."""

from aebench.autoencoders.shapes import TIED as LAYERS
from aebench.spec import L2, Adam, Autoencoder, Phase

ALL = ("encoder1", "encoder2", "decoder1", "decoder2")

TIED = Autoencoder(
    name="tied",
    title="Tied weights",
    layers=LAYERS,
    phases=(Phase("phase1", ALL, Adam(0.01), epochs=4, batch_size=150, l2=L2(1e-4, ("encoder1", "encoder2"))),),
)

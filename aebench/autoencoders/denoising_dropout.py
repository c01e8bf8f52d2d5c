"""Tied stacked autoencoder trained with inverted dropout on the input, keep probability 0.7. Source: `X_drop`."""

from aebench.autoencoders.shapes import DENOISING as MEASURES
from aebench.autoencoders.shapes import TIED as LAYERS
from aebench.spec import L2, Adam, Autoencoder, Corruption, Phase

ALL = ("encoder1", "encoder2", "decoder1", "decoder2")

DENOISING_DROPOUT = Autoencoder(
    name="denoising_dropout",
    title="Denoising, dropout",
    layers=LAYERS,
    measures=MEASURES,
    corruption=Corruption("dropout", 0.7),
    phases=(Phase("phase1", ALL, Adam(0.01), epochs=10, batch_size=150, l2=L2(1e-5, ("encoder1", "encoder2"))),),
)

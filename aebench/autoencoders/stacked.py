"""Stacked autoencoder 784-300-150-300-784, all layers trained at once. Source: "n_hidden2 = 150 # codings"."""

from aebench.autoencoders.shapes import STACKED as LAYERS
from aebench.spec import L2, Adam, Autoencoder, Phase

ALL = ("encoder1", "encoder2", "decoder1", "decoder2")

STACKED = Autoencoder(
    name="stacked",
    title="Stacked, all layers at once",
    layers=LAYERS,
    phases=(Phase("phase1", ALL, Adam(0.01), epochs=4, batch_size=150, l2=L2(1e-4, ALL)),),
)

"""Variational autoencoder, deviation exp(gamma / 2), He initialiser. Source: `hidden3_gamma`."""

from aebench.autoencoders.variational import ALL, MEASURES, layers
from aebench.spec import Adam, Autoencoder, Phase

VARIATIONAL_GAMMA = Autoencoder(
    name="variational_gamma",
    title="Variational, gamma form",
    kind="variational",
    coding_layer="mean",
    measures=MEASURES,
    layers=layers("he_normal"),
    phases=(Phase("phase1", ALL, Adam(0.001), epochs=50, batch_size=150),),
)

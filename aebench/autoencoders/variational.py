"""Variational autoencoder, deviation sqrt(exp(log variance)), FAN_AVG uniform. Source: `hidden3_log_sigma`."""

from aebench.measures import Measures
from aebench.spec import Adam, Autoencoder, Initializer, Layer, Phase

MEASURES = Measures(
    ("variational_loss", "test_error"), headline="test_total", label="loss, nats / image",
    pictures=("reconstructions", "features", "generated"),
)  # fmt: skip
ALL = ("encoder1", "encoder2", "mean", "log_variance", "decoder1", "decoder2", "decoder3")


def layers(initializer: Initializer) -> tuple[Layer, ...]:
    """784-500-500-20-500-500-784 with two heads of 20: the mean and the log variance of the codings."""
    return (
        Layer("encoder1", 784, 500, initializer=initializer),
        Layer("encoder2", 500, 500, initializer=initializer),
        Layer("mean", 500, 20, activation="none", initializer=initializer),
        Layer("log_variance", 500, 20, activation="none", initializer=initializer),
        Layer("decoder1", 20, 500, initializer=initializer),
        Layer("decoder2", 500, 500, initializer=initializer),
        Layer("decoder3", 500, 784, activation="none", initializer=initializer),
    )


VARIATIONAL = Autoencoder(
    name="variational",
    title="Variational",
    kind="variational",
    coding_layer="mean",
    measures=MEASURES,
    layers=layers("average_uniform"),
    phases=(Phase("phase1", ALL, Adam(0.001), epochs=50, batch_size=150),),
)

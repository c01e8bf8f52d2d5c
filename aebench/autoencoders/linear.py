"""Linear autoencoder 3-2-3: at its optimum it spans the plane of the first two principal components.

Source: the first model, "performing Principal Component Analysis". Glorot uniform is `fully_connected`'s default.
"""

from aebench.measures import Measures
from aebench.spec import Adam, Autoencoder, Layer, Phase

LINEAR = Autoencoder(
    name="linear",
    title="PCA by a linear autoencoder",
    dataset="curve",
    coding_layer="encoder1",
    measures=Measures(
        ("train_error", "test_error", "pca"), headline="mse_over_pca", label="MSE / PCA's", pictures=("curve",)
    ),
    layers=(
        Layer("encoder1", 3, 2, activation="none", initializer="glorot_uniform"),
        Layer("decoder1", 2, 3, activation="none", initializer="glorot_uniform"),
    ),
    phases=(Phase("phase1", ("encoder1", "decoder1"), Adam(0.01), epochs=10_000, batch_size=100, sampling="full"),),
)

"""A convolutional autoencoder: 28 by 28 pixels, 14 by 14 of 8 channels, 30 codings, and back; pictures are rows."""

from aebench.spec import Adam, Autoencoder, Layer, Parameter, Phase

KERNEL = Parameter("kernel", (4, 4, 1, 8), "he_normal", fan_in=4 * 4, fan_out=4 * 4 * 8)
CONVOLUTIONAL = Autoencoder(
    name="convolutional",
    title="28×28 images through a convolution to 30 codings, and back",
    layers=(
        Layer("encoder1", 784, 1568, own=(KERNEL, Parameter("bias", (8,)))),
        Layer("encoder2", 1568, 30),
        Layer("decoder1", 30, 1568),
        Layer("decoder2", 1568, 784, "none", own=(KERNEL, Parameter("bias", (1,)))),
    ),
    phases=(Phase("phase1", ("encoder1", "encoder2", "decoder1", "decoder2"), Adam(0.001), epochs=4, batch_size=150),),
)

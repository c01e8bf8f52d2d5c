"""The convolutional autoencoder in TensorFlow, which computes with channels last."""

import tensorflow as tf

from aebench.implementations.tensorflow.layers import Dense, elu
from aebench.implementations.tensorflow.losses import mean_squared_error
from aebench.implementations.tensorflow.network import Network


class Convolution(tf.Module):
    """A kernel (4, 4, 1, 8) that halves a picture's sides or, transposed, doubles them, and a bias."""

    def __init__(self):
        super().__init__()
        self.kernel = self.bias = None  # variables are made when their values arrive

    def __call__(self, x):
        pictures = tf.reshape(x, (-1, 28, 28, 1))
        return tf.reshape(tf.nn.conv2d(pictures, self.kernel, 2, "SAME") + self.bias, (-1, 1568))

    def transposed(self, x):
        pictures, shape = tf.reshape(x, (-1, 14, 14, 8)), (tf.shape(x)[0], 28, 28, 1)
        return tf.reshape(tf.nn.conv2d_transpose(pictures, self.kernel, shape, 2, "SAME") + self.bias, (-1, 784))


class Convolutional(Network):
    """Loss: reconstruction."""

    def __init__(self, autoencoder):
        super().__init__(autoencoder)
        self.encoder1, self.decoder2 = Convolution(), Convolution()
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

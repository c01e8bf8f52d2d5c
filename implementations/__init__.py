"""What is measured: one folder per framework, with the same file and function names in each.

Lines that a `Source:` names are those of the TensorFlow 1 notebook "Autoencoders" as plain text.

Installed as `aebench.implementations`. Read one autoencoder's three texts side by side with `aebench show NAME`.
"""

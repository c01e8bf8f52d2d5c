"""What is measured: one folder per framework, with the same file and function names in each.

Installed as `aebench.implementations`. Read one autoencoder's three texts side by side with `aebench show NAME`.
"""

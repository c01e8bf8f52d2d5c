"""The contract of plug-ins: `check_autoencoder` and `check_framework` in one call, or for pytest in one line:

from aebench.testing import contract
TestConvolutional = contract("convolutional")
"""

from aebench.testing.suite import check_autoencoder, check_framework, contract

__all__ = ["check_autoencoder", "check_framework", "contract"]

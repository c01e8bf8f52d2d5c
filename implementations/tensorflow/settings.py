"""What only the loaded framework knows of how it computes: its build, its libraries, its threads and its switches."""

from __future__ import annotations

import tensorflow as tf
from tensorflow.python.framework import config

# Imported for what it sets: the settings are those under which the models compute.
from aebench.implementations.tensorflow import training


def settings() -> dict[str, str]:
    """Name -> value, alike from call to call in one environment; threads 0 means as many as there are cores."""
    return {
        "full version": tf.__version__,
        "git version": str(tf.version.GIT_VERSION),
        "compiler": str(tf.version.COMPILER_VERSION),
        "build": ", ".join(f"{name}={value}" for name, value in sorted(tf.sysconfig.get_build_info().items())),
        "threads in an operation": str(tf.config.threading.get_intra_op_parallelism_threads()),
        "threads between operations": str(tf.config.threading.get_inter_op_parallelism_threads()),
        "devices": ", ".join(training.devices()),
        "TF32": str(tf.config.experimental.tensor_float_32_execution_enabled()),
        "deterministic": str(config.is_op_determinism_enabled()),
        "XLA everywhere": str(tf.config.optimizer.get_jit() or "off"),
    }

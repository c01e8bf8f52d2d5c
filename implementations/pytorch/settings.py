"""What only the loaded framework knows of how it computes: its build, its libraries, its threads and its switches."""

from __future__ import annotations

import torch

# Imported for what it sets: the settings are those under which the models compute.
from aebench.implementations.pytorch import training


def settings() -> dict[str, str]:
    """Name -> value, alike from call to call in one environment; the build ends the version, as in `2.13.0+cpu`."""
    backends = torch.backends
    return {
        "full version": str(torch.__version__),
        "git version": str(torch.version.git_version),
        "build": torch.__config__.show(),
        "CUDA": str(torch.version.cuda),
        "cuDNN": str(backends.cudnn.version()),
        "CPU capability": backends.cpu.get_cpu_capability(),
        "oneDNN": str(backends.mkldnn.is_available() and backends.mkldnn.enabled),
        "threads": str(torch.get_num_threads()),
        "devices": ", ".join(training.devices()),
        "TF32 in products": str(backends.cuda.matmul.allow_tf32),
        "TF32 in cuDNN": str(backends.cudnn.allow_tf32),
        "float32 products": torch.get_float32_matmul_precision(),
        "deterministic": str(torch.are_deterministic_algorithms_enabled()),
        "deterministic cuDNN": str(backends.cudnn.deterministic),
        "cuDNN benchmark": str(backends.cudnn.benchmark),
    }

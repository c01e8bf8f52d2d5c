"""The types of what travels between frameworks and files: NumPy arrays by name, and the two dtypes."""

from __future__ import annotations

from typing import Any, Literal

import numpy.typing as npt

Array = npt.NDArray[Any]
Arrays = dict[str, Array]
Dtype = Literal["float32", "float64"]

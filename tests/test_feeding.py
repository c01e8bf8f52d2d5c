"""Images larger than memory: fed window by window, and the same numbers as when all of them are resident."""

from __future__ import annotations

from pathlib import Path

import pytest
import remote_feeding
from processes import PHASES, Process, apart

from aebench.data import synthetic
from aebench.training import feeding

# Cached inputs are a product of another number of rows, which a library may add up in another order.
FLOAT64 = 1e-12


@pytest.mark.parametrize("steps", [1, 2, 3])
@pytest.mark.parametrize(("name", "phase"), [case for case in PHASES if case[0] in ("stacked", "layerwise_cached")])
def test_windows_give_what_resident_images_give(process: Process, name: str, phase: str, steps: int) -> None:
    """Losses, parameters, moments and the last batch; 3 does not divide the four steps."""
    resident = process.recall(remote_feeding.fed, name, phase, None)
    fed = process.recall(remote_feeding.fed, name, phase, steps)
    assert {part: apart(resident[part], fed[part]) < FLOAT64 for part in resident if part != "seconds"} == {
        "losses": True, "parameters": True, "state": True, "last batch": True}  # fmt: skip
    assert fed["seconds"]["seconds"] > 0


@pytest.mark.parametrize("case", [("pretrained", "finetuned"), ("variational", "phase1")])
def test_labels_and_noise_go_with_their_window(process: Process, case: tuple[str, str]) -> None:
    """Each step has the labels and the noise that it has when all is resident."""
    resident, fed = (process.recall(remote_feeding.fed, *case, steps) for steps in (None, 2))
    assert apart(resident["losses"], fed["losses"]) < FLOAT64
    assert apart(resident["last batch"], fed["last batch"]) < FLOAT64


def test_a_window_that_is_not_replaced_is_caught(process: Process) -> None:
    """The planted fault: every step reads the first rows of the data set, in their own order."""
    resident = process.recall(remote_feeding.fed, "stacked", "phase1", None)
    stale = process.call(remote_feeding.fed, "stacked", "phase1", 2, True)
    assert apart(resident["losses"], stale["losses"]) > FLOAT64


@pytest.mark.parametrize("different", [120, 17])
def test_a_mapped_file_is_on_the_device_one_window_at_a_time(process: Process, tmp_path: Path, different: int) -> None:
    """Memory does not grow with the file: one row to begin with, then windows of one size, repeated rows or not;
    float32 rows take half of float64's."""
    seen = process.call(remote_feeding.rows_on_the_device, tmp_path / "rows.npy", 2, different)
    assert seen == [1, 24, 24, 24, 24, 24]


def test_what_is_mapped_is_what_is_fed() -> None:
    """Data sets above the limit lie in a file; the same limit says what is resident."""
    assert feeding.RESIDENT == synthetic.MEMORY_LIMIT > feeding.WINDOW

"""`aebench scale` for real: what cannot be measured is a row, and the rest is measured."""

from __future__ import annotations

import json

SCALE = ("scale", "tied", "-f", "reference", "-d", "synthetic:400x16", "--images", "150", "--epochs", "1", "-o", "out")


def test_a_point_too_large_is_a_row(aebench, tmp_path) -> None:
    """Its row says why, the other points stand, exit status 2 and no traceback."""
    outcome = aebench(*SCALE, "--widths", "0.1,9000")
    assert 2 == outcome.returncode
    assert "Traceback" not in outcome.stderr
    rows = json.loads((tmp_path / "out" / "scale.json").read_text())["rows"]
    assert {0.1: False, 1.0: False, 9000.0: True} == {row["width"]: "failure" in row for row in rows}
    assert rows[-1]["failure"].endswith("parameters are more than 1,073,741,824")

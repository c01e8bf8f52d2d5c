"""Runs in otava's own environment: series on standard input, their change points on standard output, both as JSON."""

from __future__ import annotations

import json
import sys

from otava.series import AnalysisOptions, Metric, Series


def main() -> None:
    """`{name: [value, …]}` in, `{name: [{"index": …, "p": …}, …]}` out; an index is of the first value after."""
    found = {}
    for name, values in json.load(sys.stdin).items():
        series = Series(name, None, list(range(len(values))), {"value": Metric(-1, 1.0)}, {"value": values}, {})
        points = series.analyze(AnalysisOptions()).change_points["value"]
        found[name] = [{"index": int(point.index), "p": float(point.pvalue())} for point in points]
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()

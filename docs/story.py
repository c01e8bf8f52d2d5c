"""Executes the notebook `story.ipynb`: `python docs/story.py` writes it back, `python docs/story.py FILE` elsewhere.

It runs in an empty folder, with this interpreter, and without anybody's settings of IPython. What differs from one
execution to the next although nothing was changed is left out: times, versions of the notebook's own tools. Two digests
are written beside them, of the cells and of the cells with their outputs, so that neither is changed unnoticed, and
the pictures' words, where MyST-NB looks for them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

NOTEBOOK = Path(__file__).with_suffix(".ipynb")
SECONDS = 1800  # for a cell, on a machine that is busy with other things
KERNEL = {
    "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=ERROR"],
    "display_name": "Python 3",
    "language": "python",
}
METADATA = {
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
    "language_info": {"name": "python"},
}


def digest(notebook: NotebookNode) -> str:
    """SHA-256 of the cells as they are written."""
    cells = [[cell.cell_type, cell.source] for cell in notebook.cells]
    return hashlib.sha256(json.dumps(cells, ensure_ascii=False).encode()).hexdigest()


def whole(notebook: NotebookNode) -> str:
    """SHA-256 of the cells with all that stands beside them, outputs above all, as the file has them."""
    cells = json.loads(nbformat.writes(notebook))["cells"]
    return hashlib.sha256(json.dumps(cells, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def execute(notebook: NotebookNode) -> None:
    """Run every cell in a fresh kernel of this interpreter; nbclient's CellExecutionError where one fails."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "kernels", "python3")
        place.mkdir(parents=True)
        (place / "kernel.json").write_text(json.dumps(KERNEL), encoding="utf-8")
        work = Path(folder, "work")
        work.mkdir()
        os.environ |= {"JUPYTER_PATH": folder, "JUPYTER_NO_CONFIG": "1", "IPYTHONDIR": f"{folder}/ipython"}
        # What the kernel and the notebook leave goes, too.
        os.environ |= {"JUPYTER_RUNTIME_DIR": f"{folder}/runtime", "TMPDIR": folder}
        os.environ.pop("COLUMNS", None)
        client = NotebookClient(
            notebook,
            timeout=SECONDS,
            kernel_name="python3",
            record_timing=False,
            resources={"metadata": {"path": work}},
        )
        client.execute()


def settle(notebook: NotebookNode) -> None:
    """Leave out what changes by itself, and add the digests and the pictures' words."""
    for cell in notebook.cells:
        cell.metadata = NotebookNode()
        for output in cell.get("outputs", ()):
            if alt := output.get("metadata", {}).get("image/png", {}).get("alt"):
                cell.metadata = NotebookNode({"mystnb": {"image": {"alt": alt}}})
    executed = {"cells": digest(notebook), "outputs": whole(notebook)}
    notebook.metadata = NotebookNode({**METADATA, "executed": executed})


def main(target: Path) -> None:
    """Execute the notebook and write it to the target, whole."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    execute(notebook)
    settle(notebook)
    text = nbformat.writes(notebook)
    written = target.with_suffix(".new")
    written.write_text(text.rstrip("\n") + "\n", encoding="utf-8")
    written.replace(target)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Execute the notebook docs/story.ipynb, in about four minutes.")
    parser.add_argument("file", nargs="?", type=Path, default=NOTEBOOK, help="where it is written to; default: back")
    try:
        main(parser.parse_args().file)
    except KeyboardInterrupt:
        sys.exit(130)

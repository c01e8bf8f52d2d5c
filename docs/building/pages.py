"""The pages that are made: one for each command, each autoencoder, and each module of the interface.

They are written into folders of `docs/reference` that git ignores, when the site is built, and only where they change.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from sphinx.application import Sphinx

from docs.building.autoencoders import autoencoder_pages
from docs.building.commands import command_pages

# What a program of a user's may call, in the order in which it needs it.
MODULES = (
    "aebench.api", "aebench.report.gallery", "aebench.registry", "aebench.spec", "aebench.measures", "aebench.text",
    "aebench.parameters", "aebench.streams", "aebench.arrays", "aebench.protocol", "aebench.networks",
    "aebench.records.checkpoint", "aebench.testing", "aebench.errors",
)  # fmt: skip

SETTINGS = {
    "aebench.api": "   :exclude-members: Picture\n",
    "aebench.arrays": "   :undoc-members:\n",
    "aebench.errors": "   :show-inheritance:\n",
}


def module_pages() -> dict[str, str]:
    """A page for each module of the interface."""
    line = ".. automodule:: {}\n   :members:\n"
    return {name: f"{name}\n{'=' * len(name)}\n\n{line.format(name)}{SETTINGS.get(name, '')}" for name in MODULES}


def write(folder: Path, pages: Mapping[str, str]) -> None:
    """Write the pages and their order. What is no page any more goes; a file that is as it should be is left."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {f"{name}.rst": text for name, text in pages.items()} | {"order.txt": "\n".join(pages) + "\n"}
    for path in folder.iterdir():
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def make(app: Sphinx) -> None:
    """All pages, before Sphinx looks for them."""
    reference = Path(app.srcdir) / "reference"
    about = tomllib.loads((Path(app.srcdir).parent / "aebench/report/html/about.toml").read_text(encoding="utf-8"))
    write(reference / "commands", command_pages())
    write(reference / "autoencoders", autoencoder_pages(about))
    write(reference / "api", module_pages())


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.connect("builder-inited", make)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

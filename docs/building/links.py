"""Links of the documents that lead out of `docs/`: into the repository, where its address is known, else to nowhere.

The documents are read on GitHub as well, where such links lead to files beside them. Which pages there are, the site
takes from the lists of links in `index.md`, so that no list of Sphinx's own stands there.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

ROOT = Path(__file__).parents[2]
ADDRESS = "AEBENCH_REPOSITORY"
LISTED = re.compile(r"^- \[(.+?)\]\(([\w/]+)\.(?:md|ipynb)\)", re.MULTILINE)


def repository() -> str:
    """The repository's address: what the variable says, else what GitHub says of itself, else nothing."""
    server, name = os.environ.get("GITHUB_SERVER_URL", ""), os.environ.get("GITHUB_REPOSITORY", "")
    return os.environ.get(ADDRESS) or (f"{server}/{name}" if server and name else "")


class Outwards(SphinxTransform):
    """Before Sphinx looks for what a link means."""

    default_priority = 5

    def apply(self, **_: object) -> None:
        """Turn each link that leads out of the documents into one into the repository, or into its text."""
        for node in [
            *self.document.findall(addnodes.pending_xref),
            *self.document.findall(addnodes.download_reference),
        ]:
            place = self._place(node) if node.get("reftype") == "myst" else None
            if place is None:
                continue
            inner = [child for wrapped in node.children for child in wrapped.children]
            address = repository()
            if not address:
                node.replace_self(inner)
                continue
            kind, anchor = "tree" if (ROOT / place).is_dir() else "blob", node.get("reftargetid")
            address = f"{address}/{kind}/main/{place}" + (f"#{anchor}" if anchor else "")
            node.replace_self(nodes.reference("", "", *inner, refuri=address, internal=False))

    def _place(self, node: nodes.Element) -> str | None:
        """Where in the repository it leads to, where that is not among the documents."""
        target = node["reftarget"].partition("#")[0]
        if not target or target.startswith(("http:", "https:")):
            return None
        if node.get("refdomain") == "doc":
            path = Path(self.env.srcdir, f"{target}.md")
        else:
            path = Path(self.env.srcdir, self.env.docname).parent / target
        found = Path(os.path.normpath(path))
        inside = found.is_relative_to(self.env.srcdir) or not found.is_relative_to(ROOT)
        return None if inside else found.relative_to(ROOT).as_posix()


def pages_of_index(app: Sphinx, docname: str, source: list[str]) -> None:
    """The pages that `index.md` lists below each heading, as Sphinx takes them; other documents that are generated,
    behind the page that stands for them."""
    if docname == "index":
        found = re.findall(r"^## (.+)\n((?:(?!## ).*\n?)*)", source[0], flags=re.MULTILINE)
        lists = [(title, [f"{name} <{page}>" for name, page in LISTED.findall(text)]) for title, text in found]
        # A notebook that is not listed stands behind the first page.
        listed = {page for _, page in LISTED.findall(source[0])}
        more = sorted(path.stem for path in Path(app.srcdir).glob("*.ipynb") if path.stem not in listed)
        lists[:1] = [(title, [*names, *more]) for title, names in lists[:1]]
        source[0] += "".join(_tree(pages, title) for title, pages in lists if pages)
    elif (Path(app.srcdir) / docname).is_dir():
        folder = Path(app.srcdir) / docname
        listed = (folder / "order.txt").read_text(encoding="utf-8").split()
        source[0] += _tree([f"{folder.name}/{name}" for name in listed])


def _tree(pages: list[str], title: str = "") -> str:
    caption = f":caption: {title}\n:hidden:\n" if title else ":maxdepth: 1\n"
    return "\n\n```{toctree}\n" + caption + "\n" + "\n".join(pages) + "\n```\n"


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.add_transform(Outwards)
    app.connect("source-read", pages_of_index)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""How Sphinx builds the site from these documents: `sphinx-build docs site`. Nothing is fetched, nothing executed."""

from __future__ import annotations

import sys
from pathlib import Path

from sphinx.ext.autodoc.mock import MockFinder

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from aebench import __version__  # noqa: E402 - the path above is where it is found

project, author, release = "aebench", "", __version__
html_show_copyright = False
extensions = [
    "sphinx.ext.autodoc",
    "docs.building.docstrings",
    "docs.building.formulas",
    "docs.building.links",
    "docs.building.pages",
    "myst_nb",
]
exclude_patterns = ["building", "story.py", "reference/*/order.txt", "**/__pycache__"]

# Both frameworks in one process hang or crash: their texts are documented beside stand-ins. These stay for as long as
# Sphinx runs; with `autodoc_mock_imports` it would import what a stand-in stands for, to look at its source.
sys.meta_path.insert(0, MockFinder(["tensorflow", "torch"]))
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
# As the texts write them, not as what they stand for.
ALIASES = ("Array", "Arrays", "Dtype", "Float64", "Int64", "Mode", "Use", "Product")
autodoc_type_aliases = {name: name for name in ALIASES}
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
add_module_names = False
toc_object_entries_show_parents = "hide"
default_role = "literal"
smartquotes = False  # they would make one dash of the two before an option
nitpicky = True
# What stays a name without a link: aliases, types of other packages, and what is no part of the interface.
OTHERS = r"(collections|contextlib|matplotlib|numpy|pathlib|rich|tensorflow|torch)\..*"
OWN = r"aebench\.(implementations\.\w+\.layers\.Dense|networks\.Network|plugins\.Broken|quality\.table\.Row|report\..*)"
nitpick_ignore_regex = [("py:class", rf"{'|'.join(ALIASES)}|Tensors?|{OTHERS}|{OWN}")]

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4
nb_execution_mode = "off"
html_math_renderer = "mathml"

html_theme = "furo"
html_title = "aebench"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_show_sphinx = False

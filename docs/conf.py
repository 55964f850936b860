"""Sphinx, for `python3 run.py docs`."""

import os
import sys
from pathlib import Path

import django

sys.path.append(str(Path(__file__).parent / "extensions"))
os.environ["DJANGO_SETTINGS_MODULE"] = "site_of_the_docs"
django.setup()

import tessera  # noqa: E402

project = "tessera"
copyright = "the tessera authors"  # noqa: A001
version = release = tessera.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "tables_of_the_code"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]

# What stands in a message must be there to copy, its quotes as well.
smartquotes = False

# In a docstring `x` is code.
default_role = "literal"
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
python_use_unqualified_type_names = True

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["pages.css"]
html_title = f"tessera {version}"
html_show_sphinx = False

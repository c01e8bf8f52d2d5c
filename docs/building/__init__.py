"""What the site does that Sphinx does not: each module is an extension, named in `docs/conf.py`."""

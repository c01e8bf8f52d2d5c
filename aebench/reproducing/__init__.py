"""Reproductions: what two subjects part in, as a script and arrays that need no aebench."""

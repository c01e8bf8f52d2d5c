"""aebench: do two deep-learning frameworks still compute the same thing, as well and as fast as before?"""

__version__ = "0.1.0"

"""The version, for the modules that cannot import the Python API above them."""

__version__ = "0.1.0"

"""The version, read by the build and shown by ``sevenfold --version``."""

__version__ = "0.3.0"

"""The version of this package, read by the build, by `polymap --version` and by every result document."""

__version__ = "0.1.0"

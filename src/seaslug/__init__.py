"""seaslug builds and looks after shell-less ("distroless") container images.

Importing this package costs next to nothing: it holds the version only. The
public Python surface is :mod:`seaslug.api`.
"""

__version__ = "0.1.0"

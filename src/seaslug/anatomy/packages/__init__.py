"""Packages of programming languages that lie in an image, each told by files of its own.

::

    *.dist-info/METADATA, *.egg-info[/PKG-INFO]   Python
    package.json with name and version            Node.js
    *.jar, *.war …: pom.properties, MANIFEST.MF   Java   (:mod:`seaslug.apps.java.contained`)
    .go.buildinfo of a program                    Go
    .dep-v0 of a program                          Rust, if built by cargo auditable

Nothing here raises: what cannot be read is not said.
"""

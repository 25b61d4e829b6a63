"""The health probe: a small static program in the image, and the checks that it can make.

::

    check.py     a health check as a value, for Docker and for Kubernetes
    program.py   the built programs, one per platform
    source/      what they are built from, by tools/probe.py
    bin/         the programs
"""

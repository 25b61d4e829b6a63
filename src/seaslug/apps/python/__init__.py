"""Python projects: their manifests, locks and entry points, read without running any of them."""

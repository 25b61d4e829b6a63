"""OCI images as values: config, manifest, index, and their exact bytes."""

"""Places that are no registry: the store, OCI layouts, archives."""

"""Image registries, as the OCI distribution specification 1.1 has them."""

"""A Django site of three addresses."""

"""Recipes: what an image is made of, as TOML data with inheritance."""

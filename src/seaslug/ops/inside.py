"""Where an image that seaslug built keeps its own lock and recipe."""

LOCK_PATH = "usr/share/seaslug/lock.json"
RECIPE_PATH = "usr/share/seaslug/recipe.json"
CONFIGURATION = "configuration"
"""The name of the last level: what depends on the whole image."""

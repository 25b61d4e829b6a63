"""New base layers under the same application layers, if the application still fits on them."""

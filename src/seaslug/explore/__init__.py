"""An image as something to walk through: trees, filters, details and pages, as values."""

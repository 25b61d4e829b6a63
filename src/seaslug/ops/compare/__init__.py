"""Images beside each other: portraits, tables of them, differences. Pure: values to values."""

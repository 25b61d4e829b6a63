"""The terminal browser: explore's values drawn by textual, which is imported only for this."""

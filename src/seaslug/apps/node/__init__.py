"""Node.js projects: what package.json and the lock say, the version, the entry point. Pure."""

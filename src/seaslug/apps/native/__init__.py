"""Native programs: what they need, which base fits, which Debian packages bring the rest."""

"""Structure tests: the files that container-structure-test reads, and what they judge."""

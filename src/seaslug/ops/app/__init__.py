"""Making applications: one module per kind of project, and what all of them share."""

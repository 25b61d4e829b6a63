"""Go projects: which package is the program, whether it needs cgo, what its sources tell."""

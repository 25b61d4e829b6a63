"""Rust projects: which binary is the program, for which target it is built."""

"""Lock files of every tool, each read into one list of pinned packages for one interpreter."""

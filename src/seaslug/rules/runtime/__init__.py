"""What engines, loaders and languages print when a container fails: messages, explained."""

"""What an image is made of, as values: facts about each layer, and what they make together."""

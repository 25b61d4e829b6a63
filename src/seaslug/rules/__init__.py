"""What is good and bad in an image: rules, what they look at, and what they find."""

"""Values: immutable, validated when made, with nothing but the standard library below them."""

"""Operations: what the commands do, over ports only."""

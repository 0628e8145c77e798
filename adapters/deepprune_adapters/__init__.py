"""Everything that touches the world: providers, model runtimes, tokenizers and the terminal."""

"""The commands of `deepprune judge`, a module each."""

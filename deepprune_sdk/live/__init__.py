"""Everything that waits: the shell that drives the engine over open streams."""

"""What a caller gets of a run, and the picture of it."""

"""What `solve` and `record` do: everything of the command line that waits."""

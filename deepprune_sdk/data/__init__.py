"""What flows through a run, and what is counted in the end: plain values, no decisions."""

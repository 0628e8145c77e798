"""Methods and judges tried on recorded traces."""

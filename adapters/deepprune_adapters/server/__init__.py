"""What everything that talks to a server shares: clients, errors, refusals."""

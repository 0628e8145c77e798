"""What everything that talks to a server shares."""

from deepprune_adapters.server.connection import Server, Transport

__all__ = ["Server", "Transport"]

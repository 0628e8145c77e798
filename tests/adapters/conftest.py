"""Every module here may ask a scripted server."""

from support.chat_fixtures import no_environment, running, server

__all__ = ["no_environment", "running", "server"]

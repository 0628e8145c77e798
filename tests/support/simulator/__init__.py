"""A provider on the loopback interface: real sockets, recorded traces, and every fault on demand.

`server.py` serves and keeps the books, `replies.py` makes what is sent, `faults.py` names what can
go wrong, `trial.py` runs the SDK against one fault and measures what became of it.
"""

"""Lets `python -m xmpp_cem` run the program."""

import signal

# Raised while modules load and commands are built, a KeyboardInterrupt can be swallowed by them.
was = signal.getsignal(signal.SIGINT)
if was is not signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from xmpp_cem.cli.main import program  # noqa: E402 not before

run = program()
signal.signal(signal.SIGINT, was)
run()

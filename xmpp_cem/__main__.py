"""Lets `python -m xmpp_cem` run the program."""

import signal

# Raised while modules load, a KeyboardInterrupt can be swallowed by one of them.
was = signal.getsignal(signal.SIGINT)
if was is not signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from xmpp_cem.cli.main import main  # noqa: E402 not before

signal.signal(signal.SIGINT, was)
main()

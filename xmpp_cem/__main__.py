"""Lets `python -m xmpp_cem` run the program."""

from xmpp_cem.cli.main import main

main()

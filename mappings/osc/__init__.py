"""Open Sound Control: packets, address patterns, time tags, sockets and replies. `sources/osc.py` plays them."""

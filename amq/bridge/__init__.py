"""Several machines: mail that other hosts' agents write and get, carried by a NATS JetStream hub.

The files of each host stay the truth. The hub is a carrier: it may lose everything and no mail is lost.
"""

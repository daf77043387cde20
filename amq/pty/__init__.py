"""Programs hosted in pseudo-terminals, and models of a terminal built from the bytes that pass through it.

This package knows nothing of mail.
"""

"""Programs in pseudo-terminals, and what can be known of a terminal from the bytes that pass through it.

Nothing in here has heard of mail.
"""

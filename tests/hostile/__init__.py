"""Output of a confused or hostile peer: messages, names, files and everything beside the mail."""

"""What a confused or hostile peer may write: messages, names, files and what stands beside the mail."""

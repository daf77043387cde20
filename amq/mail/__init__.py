"""The verbs of a mailbox (send, list, drain, trace, …), on the files that `amq.store` keeps."""

"""What a mailbox does: send, list, drain, trace; on the files that `amq.store` keeps."""

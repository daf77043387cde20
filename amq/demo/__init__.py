"""`amq demo`: two small agents, hosted by two real `amq run`, write to each other while the user watches."""

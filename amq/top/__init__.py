"""`amq top`: a queue on one live screen. Only its command imports this, since it needs the extra `top`."""

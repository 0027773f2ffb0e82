"""What the process knows without asking the store: api models, tokens, opened keys. Writes go through the store."""

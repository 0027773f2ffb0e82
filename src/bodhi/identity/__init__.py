"""Who is asking: tokens, passwords, sessions, and the first Admin. What they may do is decided elsewhere."""

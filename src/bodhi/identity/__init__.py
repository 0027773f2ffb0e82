"""Who is asking, and who may change whom: tokens, passwords, sessions, links, identity providers, the first Admin."""

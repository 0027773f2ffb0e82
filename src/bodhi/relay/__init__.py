"""The way to the upstream and back: what is sent, over which connection, and how the answer passes on."""

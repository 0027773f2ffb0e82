"""Api models over the control API: create, list, read, patch, delete, and the probes."""

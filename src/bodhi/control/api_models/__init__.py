"""Api models over HTTP: endpoints, their shapes, the rules of a change, and the calls that try a connection."""

"""What a browser gets from Bodhi itself. Its data come from the control API."""

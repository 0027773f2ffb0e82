"""What builds, checks and proves this checkout. Nothing here ships."""

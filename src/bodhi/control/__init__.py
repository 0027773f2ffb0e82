"""The control API: FastAPI below `/bodhi/v1`, one folder or file per subject. No proxied byte passes here."""

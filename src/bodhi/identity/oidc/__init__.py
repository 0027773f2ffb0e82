"""Signing in with an OpenID Connect provider: discovery, code flow with PKCE, ID tokens, roles by claims."""

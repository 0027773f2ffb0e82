"""The data plane's HTTP: raw ASGI, from an inbound request to the relayed answer. No framework, no body models."""

"""Every sub-command of `bodhi`. With them comes what only they need, as the control API, so `serve` goes without."""

from bodhi.cli import api_models, audit, backup, check, dev, keys, openapi, root, serve, setup, tokens, usage, users

app = root.new_app()
app.command("serve")(serve.serve)
app.command("dev")(dev.dev)
app.command("setup")(setup.setup)
app.add_typer(users.app, name="user", help="People: who may sign in, and with which role.")
app.add_typer(tokens.app, name="token", help="API tokens: what programs show instead of a provider's key.")
app.add_typer(api_models.app, name="api-model", help="Api models: the providers that Bodhi forwards to.")
app.add_typer(usage.app, name="usage", help="Usage records: what calls there were, and what they cost.")
app.add_typer(keys.app, name="keys", help="The keys that provider keys are encrypted with.")
app.command("backup")(backup.backup)
app.add_typer(audit.app, name="audit", help="The audit trail: who did what, and the proof that nobody changed it.")
app.command("check")(check.check)
app.command("openapi")(openapi.openapi)
app.command("version")(root.version)

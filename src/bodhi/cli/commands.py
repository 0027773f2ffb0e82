"""Every sub-command of `bodhi`. With them comes what only they need, as the control API, so `serve` goes without."""

from bodhi.cli import api_models, audit, backup, check, dev, keys, openapi, root, serve, setup, tokens, usage, users

app = root.new_app()
app.add_command(serve.serve)
app.add_command(dev.dev)
app.add_command(setup.setup)
app.add_command(backup.backup)
app.add_command(check.check)
app.add_command(openapi.openapi)
app.add_command(root.version)
app.add_command(users.app)
app.add_command(tokens.app)
app.add_command(api_models.app)
app.add_command(usage.app)
app.add_command(keys.app)
app.add_command(audit.app)

"""Every sub-command of `bodhi`. With them comes what only they need, as the control API, so `serve` goes without."""

from bodhi.cli import api_models, audit, backup, check, dev, keys, openapi, root, serve, setup, tokens, usage, users

app = root.new_app()
for each in (
    serve.serve,
    dev.dev,
    setup.setup,
    backup.backup,
    check.check,
    openapi.openapi,
    root.version,
    users.app,
    tokens.app,
    api_models.app,
    usage.app,
    keys.app,
    audit.app,
):
    app.add_command(each)

"""One module a command, or a few that belong together; `app.COMMANDS` says which is which."""

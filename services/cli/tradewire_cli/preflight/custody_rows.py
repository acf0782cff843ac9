"""The rows about who may do what, and who would hear of it: keys, people, doors and alerts. Pure."""

from collections.abc import Mapping

from tradewire_cli.preflight.row import Row, fail, ok, warn

_OPEN = 0o077


def keys(users: Mapping[str, int | None]) -> Row:
    """Is there a key of a person and of a strategy, and can nobody else read the files? `users`: by user the file's
    mode, None where the file was handed over."""
    missing = [kind for kind in ("person", "strategy") if not any(user.startswith(f"{kind}-") for user in users)]
    if missing:
        return fail(
            "keys", f"no {' and no '.join(missing)} has one", f"make one with `tradewire keys add {missing[0]} NAME`"
        )
    readable = [f"{user}.nk is {mode:04o}" for user, mode in users.items() if mode is not None and mode & _OPEN]
    if readable:
        return fail("keys", f"others can read them: {', '.join(readable)}", "chmod 0600, and make those keys anew")
    counts = [sum(user.startswith(f"{kind}-") for user in users) for kind in ("person", "strategy")]
    return ok("keys", f"{counts[0]} of people, {counts[1]} of strategies; every file is 0600")


def people(count: int) -> Row:
    """Are there two, so that one can answer for the other's acts?"""
    if count < 2:
        return warn(
            "people",
            f"{count} may give commands, so nobody can be the second person",
            "`tradewire keys add person NAME`, for somebody else",
        )
    return ok("people", f"{count} may give commands")


def webhook() -> Row:
    """This release has no webhook door, so there is no secret that could be weak."""
    return ok("webhook", "not used: no webhook door is configured")


def alerts() -> Row:
    """This release has no channel for alerts, so none was delivered."""
    return warn("alerts", "no alert channel is configured", "watch the metrics with a system of your own, and waive it")

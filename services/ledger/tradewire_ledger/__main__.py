"""The ledger's command line: `python -m tradewire_ledger <command>`; the table at the foot says what there is."""

import asyncio
import sys
from collections.abc import Callable

from tradewire.errors import ConfigError, TradewireError
from tradewire.setting_reading import load
from tradewire.settings import Settings
from tradewire_ledger import check
from tradewire_ledger.backup import command as backups
from tradewire_ledger.migrate import migrate
from tradewire_ledger.reader import command


def _migrate(settings: Settings) -> str:
    return migrate(settings) or "The schema is up to date."


def _rebuild(settings: Settings) -> str:
    return asyncio.run(command.rebuild_read_model(settings))


def _digest(settings: Settings) -> str:
    return asyncio.run(command.digest_read_model(settings))


def _check(settings: Settings, flags: frozenset[str]) -> str:
    work = check.check(settings, settled="--settled" in flags, quick="--quick" in flags, progress=check.say_progress)
    verdict = asyncio.run(work)
    shown = check.as_json(verdict) if "--json" in flags else check.as_text(verdict)
    if not verdict.clean:
        print(shown)  # noqa: T201 - a command line speaks
        sys.exit(1)
    return shown


def _words(work: Callable[..., str], words: list[str]) -> Callable[[Settings, frozenset[str]], str]:
    """A command that takes words beside its flags."""
    return lambda settings, flags: work(settings, words, flags)


# command -> what it does, and for whom
_COMMANDS: dict[str, tuple[Callable[..., str], str]] = {
    "migrate": (_migrate, "bring the database's schema up to date (postgres.admin_dsn)"),
    "rebuild": (_rebuild, "fold the read model anew and compare it with the old one (postgres.reader_dsn)"),
    "digest": (_digest, "print the digest of the read model (postgres.reader_dsn)"),
    "check": (
        _check,
        "assert the invariants of the log (postgres.reader_dsn); --settled: and that nothing is in flight, "
        "--quick: without rebuilding the read model, --json",
    ),
    "backup": (backups.make, "[TO]: back the log up to a folder or s3://bucket/folder (postgres.reader_dsn); --json"),
    "backup-list": (backups.listed, "[TO]: the backups of a place; --json"),
    "backup-verify": (backups.verified, "FILE: read a whole backup, every seal and the whole hash chain; --json"),
    "restore": (
        backups.restored,
        "FROM: make the log from a backup, halted (postgres.admin_dsn); --replace: in the place of the one there is, "
        "--look: only refuse what would be refused, and change nothing",
    ),
}
_FLAGS = {
    "check": frozenset({"--settled", "--quick", "--json"}),
    "backup": frozenset({"--json"}),
    "backup-list": frozenset({"--json"}),
    "backup-verify": frozenset({"--json"}),
    "restore": frozenset({"--replace", "--look"}),
}
_WITH_A_WORD = frozenset({"backup", "backup-list", "backup-verify", "restore"})


def _usage() -> str:
    lines = [f"  {name:<14} {text}" for name, (_, text) in _COMMANDS.items()]
    return "usage: tradewire-ledger <command>\n\n" + "\n".join(lines)


def main() -> None:
    """Runs one command: exits 0 when it is done, 1 when it failed, 2 for a wrong command or setting."""
    names = sys.argv[1:]
    if names in (["-h"], ["--help"]):
        print(_usage())  # noqa: T201 - a command line speaks
        return
    flags = frozenset(name for name in names[1:] if name in _FLAGS.get(names[0], ()))
    words = [name for name in names[1:] if name not in flags]
    most = 1 if names and names[0] in _WITH_A_WORD else 0
    if not names or names[0] not in _COMMANDS or len(words) > most or any(word.startswith("--") for word in words):
        print(_usage(), file=sys.stderr)  # noqa: T201
        sys.exit(2)
    try:
        work = _COMMANDS[names[0]][0]
        if names[0] in _WITH_A_WORD:
            work = _words(work, words)
        print(work(load(), flags) if names[0] in _FLAGS else work(load()))  # noqa: T201
    except ConfigError as error:
        print(f"tradewire-ledger {names[0]}: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    except TradewireError as error:
        print(f"tradewire-ledger {names[0]}: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(1)


if __name__ == "__main__":
    main()

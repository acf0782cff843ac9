"""What keeps a live account from trading until its preflight is green: a switch at the start, and a refusal to lift it.

The switch is an event of the log, so risk and router keep to it. That only a green preflight lifts it is the word of
this command line: whoever has a person's key can publish `control.resume` without it.
"""

from msgspec import Struct

from tradewire.domain.switches import LEVELS, Switch
from tradewire.messages.answers import ControlState
from tradewire.messages.control import HaltCommand, Level
from tradewire.messages.queries import ControlQuery
from tradewire.settings import Settings
from tradewire_cli.client import Place, connected, new_request
from tradewire_cli.engines.folder import DataFolder
from tradewire_cli.exits import Exit, Failed
from tradewire_cli.preflight import record
from tradewire_cli.preflight.account_rows import PENDING, UP
from tradewire_cli.up.runfile import running
from tradewire_cli.up.services import router_of

PERSON = UP.removeprefix("person:")
"""The name under which `tradewire up` gives commands."""
_ACCOUNT = "account."


class Held(Struct, frozen=True):
    """A live account that must not trade yet: the level of its switch, and why."""

    account: str
    level: Level
    why: str

    @property
    def words(self) -> str:
        """One line for whoever started the system."""
        return (
            f"{self.account} is live, and {self.why}, so it is at {self.level}: "
            f"run `tradewire preflight {self.account}`, then `tradewire resume {_ACCOUNT}{self.account} --reason …`"
        )


def held_accounts(settings: Settings, folder: DataFolder, now: int) -> dict[str, Held]:
    """The live accounts without a fresh green preflight at `now` (µs), by the router that must wait for their switch.

    One that was never green at its broker may do nothing; one that was may bring home what it holds.
    """
    done = record.read(folder).accounts
    found: dict[str, Held] = {}
    for account, profile in settings.accounts.items():
        if not profile.is_live:
            continue
        if why := record.objection(done.get(account), record.print_of(settings, account), now):
            was_green = account in done and done[account].passed == profile.broker
            found[router_of(settings, account)] = Held(account, "REDUCE_ONLY" if was_green else "HALT", why)
    return found


async def keep_from_trading(held: Held, place: Place) -> None:
    """Throws the switch of an account, unless it stands as far or further; returns when that is in the log.

    Raises:
        Failed: it is refused.
        Unavailable: no answer.
    """
    scope = f"{_ACCOUNT}{held.account}"
    async with connected(place) as client:
        switch = (await client.ask(ControlQuery(), ControlState)).switches.get(scope, Switch())
        if LEVELS.index(switch.level) >= LEVELS.index(held.level):
            return
        reason = PENDING
        if switch.level != "NONE":  # whoever resumes must know what else was wrong
            reason += f"; before, it was at {switch.level} by {switch.by}: {switch.reason}"
        command = HaltCommand(request=new_request(), scope=scope, level=held.level, reason=reason)
        await client.command("halt", command)


def verify_resume(scope: str, folder: DataFolder, now: int) -> None:
    """Passes every scope but that of a live account whose preflight is not green or not fresh.

    Raises:
        Failed: preflight comes first.
    """
    run, account = running(folder.run_file), scope.removeprefix(_ACCOUNT)
    if run is None or scope != f"{_ACCOUNT}{account}" or account not in run.live:
        return
    why = record.objection(record.read(folder).accounts.get(account), run.prints.get(account, ""), now)
    if why:
        raise Failed(
            Exit.REFUSED, f"{account} is live, and {why}; run `tradewire preflight {account}` and mend what it names"
        )

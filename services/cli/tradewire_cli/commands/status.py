"""`tradewire status`: what runs, whether it is ready, and how far everything is."""

import asyncio

from tradewire.errors import TradewireError
from tradewire.messages.answers import AccountsPage, ControlState, EventsPage, StatusReply
from tradewire.messages.queries import AccountsQuery, ControlQuery, EventsQuery, StatusQuery
from tradewire_cli import OWNER
from tradewire_cli.client import Client, Place, connected, place_of
from tradewire_cli.commands.options import DataOption, JsonOption, PersonOption, console
from tradewire_cli.commands.readiness import beating, processes
from tradewire_cli.commands.when import now
from tradewire_cli.exits import Exit
from tradewire_cli.finding import folder_of
from tradewire_cli.heard import heard_in
from tradewire_cli.up.runfile import Run, running
from tradewire_cli.views import plain
from tradewire_cli.views import status as view
from tradewire_cli.views.events import decoded
from tradewire_cli.views.status import LeaseState, LogState, ProcessState, System


def status(as_json: JsonOption = False, data: DataOption = None, person: PersonOption = OWNER) -> int:
    """Show what runs and what is not ready and why, the log, leases, switches, and how many orders are open.

    0 when everything is ready, 1 when something is not, 4 when nothing runs.
    """
    place = place_of(data, person)
    found = asyncio.run(look(running(folder_of(data).run_file), place))
    if as_json:
        print(plain.document({"ready": found.ready, **plain.builtins(found)}))
    else:
        out = console()
        out.print(view.system(found, out.width, now()))
    return Exit.DONE if found.ready else Exit.REFUSED


async def look(run: Run | None, place: Place) -> System:
    """Asks every process how it is, and the reader how far the log is, all at once.

    Processes of a cluster cannot be reached from where people are; those say how they are by themselves.
    """
    states, log = await asyncio.gather(_heard_of(place) if run is None else processes(run), _log(place))
    heard = heard_in(state.problem for state in states)
    if isinstance(log, LogState):
        return System(states, log, heard=heard)
    return System(states, problem=log, heard=heard)


async def _heard_of(place: Place) -> tuple[ProcessState, ...]:
    try:
        async with connected(place) as client:
            return await beating(client)
    except TradewireError:
        return ()  # whoever asks the reader says why


async def _log(place: Place) -> LogState | str:
    try:
        async with connected(place) as client:
            reply = await client.ask(StatusQuery(), StatusReply)
            control = await client.ask(ControlQuery(), ControlState)
            accounts = await client.ask(AccountsQuery(), AccountsPage)
            names = [f"router-{each.account}" for each in accounts.accounts]
            leases = [await _lease(client, name) for name in (f"ingest-{place.shard}", f"risk-{place.shard}", *names)]
    except TradewireError as error:
        return str(error)
    return LogState(
        log_id=reply.log_id,
        head=reply.head,
        frame=reply.frame,
        lag=reply.lag,
        open_orders=reply.open_orders,
        switches={scope: switch for scope, switch in control.switches.items() if switch.level != "NONE"},
        leases=tuple(lease for lease in leases if lease is not None),
    )


async def _lease(client: Client, name: str) -> LeaseState | None:
    """Who holds a lease, by the last event of its stream; None when it was never granted."""
    page = await client.ask(EventsQuery(stream=f"lease-{name}", backward=True, limit=1), EventsPage)
    if not page.events:
        return None
    event, data = page.events[0], decoded(page.events[0])
    return LeaseState(name, data.holder if event.type == "LeaseGranted" else "", data.epoch, event.at)

"""The control calls under `/_twin/`: the fault menu, the venue's verbs, its ledger, its streams and its journal."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

from tests.twins.kit.faults import CALL_FAULTS, PUSH_FAULTS, Fault

if TYPE_CHECKING:
    from tests.twins.kit.server import Twin

PREFIX = "/_twin/"


class Do(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A verb with its arguments."""

    verb: str
    args: dict[str, Any] = {}


class Asked(msgspec.Struct, frozen=True):
    """A control call: what stands behind the name in the path, the query and the body."""

    rest: str
    query: dict[str, str]
    body: bytes


def answer(twin: "Twin", request: web.Request, body: bytes) -> web.Response:
    """200 with the result, 400 with what was wrong, 404 for another path. Control calls meet no fault."""
    name, _, rest = request.path.removeprefix(PREFIX).partition("/")
    handler = CALLS.get((request.method, name))
    if handler is None:
        return web.json_response({"error": f"no control call {request.method} {request.path}"}, status=404)
    try:
        return web.json_response(handler(twin, Asked(rest, dict(request.query), body)))
    except (ValueError, KeyError, msgspec.MsgspecError) as error:
        return web.json_response({"error": str(error)}, status=400)


def _menu(twin: "Twin", _asked: Asked) -> Any:
    faults = {"calls": CALL_FAULTS, "pushes": PUSH_FAULTS}
    return {"venue": twin.venue.name, "verbs": dict(twin.venue.verbs()), "faults": faults}


def _arm(twin: "Twin", asked: Asked) -> Any:
    return {"id": twin.arm(msgspec.json.decode(asked.body, type=Fault))}


def _disarm(twin: "Twin", asked: Asked) -> Any:
    twin.disarm(int(asked.rest) if asked.rest else None)
    return {}


def _do(twin: "Twin", asked: Asked) -> Any:
    wanted = msgspec.json.decode(asked.body, type=Do)
    return {"result": twin.do(wanted.verb, wanted.args)}


def _hang_up(twin: "Twin", asked: Asked) -> Any:
    twin.hang_up(reset="reset" in asked.query)
    return {}


CALLS: dict[tuple[str, str], Callable[["Twin", Asked], Any]] = {
    ("GET", ""): _menu,
    ("POST", "do"): _do,
    ("GET", "ledger"): lambda twin, _: twin.venue.ledger(),
    ("GET", "faults"): lambda twin, _: twin.menu.told(),
    ("POST", "faults"): _arm,
    ("DELETE", "faults"): _disarm,
    ("GET", "streams"): lambda twin, _: [line.told() for line in twin.lines.values()],
    ("DELETE", "streams"): _hang_up,
    ("GET", "calls"): lambda twin, _: twin.calls.counts,
    ("GET", "journal"): lambda twin, asked: twin.journal.after(int(asked.query.get("after", "0"))),
}

"""Who holds which lease, by the ledger's monotonic clock (DESIGN §1.5)."""

from collections.abc import Mapping

from msgspec import Struct

from tradewire import ids
from tradewire.messages.log import LEASE_TAKEOVER_SECONDS, Event, LeaseReply, LeaseRequest, NewEvent
from tradewire.messages.registry import decode, new_event
from tradewire.messages.system_events import LeaseGranted, LeaseReleased
from tradewire_ledger.domain.decide import LeaseView


class Held(Struct):
    """One lease. `renewed` is monotonic seconds; `holder` is empty when nobody has it."""

    epoch: int
    holder: str
    writer: str
    renewed: float
    pos: int


class Leases:
    """The table. Grants and releases are events; it changes only when they are committed. Renewals are not events."""

    def __init__(self, build: str) -> None:
        """`build` is the ledger's: whoever asks anew must be of it, and a holder of another goes on."""
        self._build = build
        self._held: dict[str, Held] = {}

    def start(self, events: list[Event], now: float) -> None:
        """Takes the last event of every lease; after the ledger's own start each counts as just renewed."""
        self._held.clear()
        for event in events:
            self.committed(event, now)

    def committed(self, event: Event, now: float) -> None:
        """Folds a committed LeaseGranted or LeaseReleased."""
        data = decode(event)
        if isinstance(data, LeaseGranted):
            self._held[data.name] = Held(data.epoch, data.holder, data.writer, now, event.pos)
        elif isinstance(data, LeaseReleased):
            held = self._held.get(data.name)
            # At the start only the last event of a lease is known; its epoch must not be granted again.
            if held is None or held.epoch == data.epoch:
                self._held[data.name] = Held(data.epoch, "", data.by, now, event.pos)

    def view(self) -> LeaseView:
        """What append requests are fenced by. A released lease fences its last holder out."""
        return LeaseView({name: (held.epoch, held.writer) for name, held in self._held.items() if held.holder})

    @property
    def all(self) -> Mapping[str, Held]:
        """Every lease that was ever granted, by name."""
        return self._held

    def ask(self, writer: str, request: LeaseRequest, now: float, time: int) -> LeaseReply | list[NewEvent]:
        """Answers a request, or returns the event that must be committed before it can be answered."""
        held = self._held.get(request.name)
        if request.op == "renew":
            return self._renew(held, request, now)
        if request.op == "release":
            names = (
                [request.name] if request.name else [n for n, h in self._held.items() if h.holder == request.instance]
            )
            return self._release(names, writer, request, time)
        if held and held.holder == request.instance:
            held.renewed = now
            return LeaseReply(True, held.epoch, held.pos, held.holder)
        if request.build != self._build:
            return LeaseReply(False, holder=held.holder if held else "", refused=self._other(request.build))
        if held and held.holder and (left := held.renewed + LEASE_TAKEOVER_SECONDS - now) > 0:
            return LeaseReply(False, held.epoch, held.pos, held.holder, round(left, 3))
        epoch = held.epoch + 1 if held else 1
        stream = f"lease-{request.name}"
        granted = LeaseGranted(name=request.name, holder=request.instance, writer=writer, epoch=epoch)
        event_id = ids.derive("lease", request.name, str(epoch), "granted")
        return [new_event(stream, None, event_id, granted, time=time, correlation=None)]

    def _other(self, build: str) -> str:
        named = f"build {build}" if build else "a build that does not name itself"
        return f"this process is {named}, and the ledger is build {self._build}: start the ledger's build"

    @staticmethod
    def _renew(held: Held | None, request: LeaseRequest, now: float) -> LeaseReply:
        if held is None or held.holder != request.instance or held.epoch != request.epoch:
            holder = held.holder if held else ""
            return LeaseReply(False, held.epoch if held else 0, 0, holder, message="held by another")
        held.renewed = now
        return LeaseReply(True, held.epoch, held.pos, held.holder)

    def _release(self, names: list[str], writer: str, request: LeaseRequest, time: int) -> LeaseReply | list[NewEvent]:
        events = []
        for name in names:
            held = self._held.get(name)
            if held is None or held.holder != request.instance:
                continue
            released = LeaseReleased(name=name, holder=request.instance, epoch=held.epoch, by=writer)
            event_id = ids.derive("lease", name, str(held.epoch), "released")
            events.append(new_event(f"lease-{name}", None, event_id, released, time=time, correlation=None))
        return events or LeaseReply(True, message="nothing to release")

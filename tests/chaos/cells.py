"""Faults of brokers × brokers. A cell is a row, or says which capability keeps the broker from having the fault."""

from msgspec import Struct

from tests.chaos.brokers import PAPER, TWINS
from tests.chaos.row import Inject, Row
from tests.chaos.rows import at_paper
from tests.chaos.rows.at_alpaca import answers, executions, outside, stream
from tests.chaos.shape import Shape


class NotApplicable(Struct, frozen=True):
    """A broker cannot have the fault, because one of its capabilities is what it is."""

    capability: str
    value: object
    why: str

    @property
    def text(self) -> str:
        value = {True: "yes", False: "no", (): "none"}.get(self.value, self.value)
        return f"not applicable: {self.capability} is {value}; {self.why}"


class Fault(Struct, frozen=True):
    """A line: its number in the list of faults, and its cells. A text names a row that stands elsewhere."""

    name: str
    title: str
    cells: dict[str, "Row | NotApplicable | str"]

    @property
    def own_rows(self) -> tuple[Row, ...]:
        """The rows that stand here alone."""
        return tuple(cell for cell in self.cells.values() if isinstance(cell, Row))


_LINK = ("router.paper",)
_NO_LIMITS = NotApplicable(
    "rate_limits", (), "no request is refused for being one too many, and no gateway stands before it"
)
_AS_IT_WAS = NotApplicable("restates", False, "what it has said to have happened stays so")
_EVERYTHING_AGAIN = NotApplicable("event_replay", True, "a message that was not heard comes again")
_NAMED_BY_US = NotApplicable("id_uniqueness", "forever", "orders go by our own ids, which the broker takes once")


def _fault(
    name: str,
    title: str,
    *,
    across: bool = False,
    seconds: float = 11.0,
    absence_grace: str = "1s",
    day_rolls_in: int = 0,
    **by_broker: Inject | NotApplicable | str,
) -> Fault:
    """A line; `across` puts a proxy before the paper broker, the other settings are those of the rows at twins."""
    cells: dict[str, Row | NotApplicable | str] = {}
    for broker, cell in by_broker.items():
        if isinstance(cell, NotApplicable | str):
            cells[broker] = cell
        elif broker == PAPER:
            cells[broker] = Row(f"paper{name}", f"{title} (paper)", cell, 9.0, Shape(links=_LINK if across else ()))
        else:
            shape = Shape(broker=broker, absence_grace=absence_grace, day_rolls_in=day_rolls_in)
            cells[broker] = Row(f"{broker}{name}", f"{title} ({TWINS[broker].title})", cell, seconds, shape)
    return Fault(name, title, cells)


CELLS: tuple[Fault, ...] = (
    _fault("3", "the router dies before the send", paper="3", alpaca=answers.router_dies_before_the_send),
    _fault("4", "the router dies between submit and answer", paper="4", alpaca=answers.router_dies_before_the_answer),
    _fault("21", "accepted, and the answer is lost", paper="21", alpaca=answers.answer_lost),
    _fault(
        "22",
        "placed late, after the time-out",
        paper="22",
        alpaca=answers.placed_late,
        seconds=16.0,
        absence_grace="5s",
    ),
    _fault(
        "23",
        "the client would send again: 504, connection lost",
        paper=at_paper.reconnected_by_itself,
        alpaca=answers.gateway_error,
    ),
    _fault(
        "24",
        "429 with and without Retry-After; a burst of 5xx",
        paper=_NO_LIMITS,
        alpaca=answers.too_many,
        seconds=20.0,
    ),
    _fault(
        "25",
        "answers that cannot be read, unknown states",
        paper=at_paper.unreadable,
        alpaca=answers.unreadable,
        seconds=14.0,
        across=True,
    ),
    _fault(
        "26", "fill before ack, ack after fill, states go back", paper=at_paper.out_of_order, alpaca=stream.out_of_order
    ),
    _fault("27", "everything told twice; corrections", paper=at_paper.twice, alpaca=stream.twice),
    _fault("28", "filled in part, canceled, filled again", paper=_AS_IT_WAS, alpaca=executions.filled_after_the_end),
    _fault("29", "filled for more than was ordered", paper=_AS_IT_WAS, alpaca=executions.overfilled),
    _fault(
        "30",
        "taken back and corrected after the day",
        paper=_AS_IT_WAS,
        alpaca=executions.taken_back_after_the_day,
        seconds=15.0,
        day_rolls_in=executions.ROLLS_IN,
    ),
    _fault("31", "cancels race with fills", paper=at_paper.cancel_races, alpaca=executions.cancel_races, seconds=13.0),
    _fault("32", "a message is lost for ever", paper=_EVERYTHING_AGAIN, alpaca=stream.messages_lost),
    _fault("33", "the broker's order ids are given again", paper=_NAMED_BY_US, alpaca=_NAMED_BY_US),
    _fault("34", "half open: the link is up and silent", paper="34", alpaca=stream.half_open, seconds=15.0),
    _fault("35", "the broker is killed", paper="35", alpaca=stream.broker_dies),
    _fault(
        "list", "orders are missing from the list of open ones alone", paper=at_paper.unlisted, alpaca=stream.unlisted
    ),
    _fault(
        "cut",
        "the stream is cut, and orders fill meanwhile",
        paper=at_paper.cut_with_fills_inside,
        alpaca=stream.cut_with_fills_inside,
        across=True,
    ),
    _fault("hand", "orders by hand in the same account", paper=at_paper.by_hand, alpaca=outside.by_hand),
    _fault(
        "wrong",
        "positions are wrong; executions vanish",
        paper=at_paper.wrong_positions,
        alpaca=outside.wrong_positions,
        seconds=14.0,
    ),
)
"""Numbers are those of the list of faults; `list` is the fault of its row 35, where the matrix has had another."""

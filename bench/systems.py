"""What can be measured, by name."""

from collections.abc import Callable, Mapping
from functools import partial

from bench.floor.bare.system import Bare
from bench.floor.idiomatic.system import Idiomatic
from bench.system import System
from bench.tradewire.limits import LIFTED_ALL, STRICT
from bench.tradewire.system import Tradewire

SYSTEMS: Mapping[str, Callable[[], System]] = {
    "idiomatic": Idiomatic,
    "bare": Bare,
    "tradewire": Tradewire,
    "lifted": partial(Tradewire, LIFTED_ALL),
    "strict": partial(Tradewire, STRICT),
}
"""The last two are Tradewire with as few limits as can be, and with as many."""
COMPARED = ("idiomatic", "bare", "tradewire")
"""What is measured when nobody names anything."""

"""What can be measured, by name."""

from collections.abc import Callable, Mapping

from bench.floor.bare.system import Bare
from bench.floor.idiomatic.system import Idiomatic
from bench.system import System
from bench.tradewire.system import Tradewire

SYSTEMS: Mapping[str, Callable[[], System]] = {"idiomatic": Idiomatic, "bare": Bare, "tradewire": Tradewire}

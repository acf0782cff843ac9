"""What can be measured, by name."""

from collections.abc import Callable, Mapping

from bench.floor.bare.system import Bare
from bench.floor.idiomatic.system import Idiomatic
from bench.system import System

SYSTEMS: Mapping[str, Callable[[], System]] = {"idiomatic": Idiomatic, "bare": Bare}

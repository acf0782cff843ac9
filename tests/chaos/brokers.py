"""The brokers of the matrix: the paper broker, and those that have a twin. An account has its broker's name."""

from collections.abc import Mapping

from tests.chaos.alpaca import ALPACA
from tests.chaos.twin import TwinOf

PAPER = "paper"
TWINS: Mapping[str, TwinOf] = {twin.name: twin for twin in (ALPACA,)}
BROKERS = (PAPER, *TWINS)

"""`python -m tests.twins.alpaca --data DIR [--port N] [--walk SECONDS] [--option …]`: prints its URL and serves."""

import sys
from random import Random

from tests.twins.alpaca.options import options
from tests.twins.alpaca.venue import Alpaca
from tests.twins.alpaca.walk import walk
from tests.twins.kit.serve import parser, serve

if __name__ == "__main__":
    made = parser("alpaca").parse_args()
    sys.exit(serve(made, lambda given: Alpaca(options(given)), lambda venue: walk(venue, Random())))

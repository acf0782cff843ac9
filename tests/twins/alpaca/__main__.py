"""`python -m tests.twins.alpaca --data DIR [--port N] [--option NAME=VALUE …]`: prints its URL and serves."""

import sys

from tests.twins.alpaca.options import options
from tests.twins.alpaca.venue import Alpaca
from tests.twins.kit.serve import parser, serve

if __name__ == "__main__":
    sys.exit(serve(parser("alpaca").parse_args(), lambda given: Alpaca(options(given))))

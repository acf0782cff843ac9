"""`python -m pebble_twin --data DIR [--port N] [--option NAME=VALUE …]`: prints its URL and serves."""

import sys

from tests.twins.kit.serve import parser, serve

from pebble_twin.venue import Pebble, options

if __name__ == "__main__":
    sys.exit(serve(parser("pebble").parse_args(), lambda given: Pebble(options(given))))

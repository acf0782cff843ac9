"""Publishes the signals of the bench of brokers, at the pace of the others."""

from bench.floor.bare.publisher import Publisher
from bench.role import main
from bench.tradewire.broker_orders import body
from bench.tradewire.orders import STRATEGY

if __name__ == "__main__":
    main(Publisher(f"signals.{STRATEGY}", STRATEGY, body))

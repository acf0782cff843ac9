"""The engines that `tradewire up` brings along: nats-server and Postgres from wheels, run as child processes."""

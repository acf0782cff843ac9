"""Settings: everything that `tradewire.toml` and the environment can say, section by section, with the defaults.

`setting_reading` reads them; `setting_rules` and its like say what they must be beyond their types.
"""

from decimal import Decimal
from typing import Literal

from msgspec import Struct, field

from tradewire.domain.symbols import BUILT_IN, Symbols
from tradewire.messages.default_size import DefaultSize, default_size
from tradewire.messages.vocabulary import PriceSource


class Duration(int):
    """A span in microseconds, written `"30s"`, `"5m"`, `"4d"`."""

    @property
    def seconds(self) -> float:
        return self / 1_000_000


class Nats(Struct, frozen=True, forbid_unknown_fields=True):
    """Where NATS is, and how it is trusted. The files are read again at each connection, so that they may be swapped.

    `monitor_urls` are asked whether every publish is synced to disk; `sync` waives that by name, and `permissions` that
    the user may do exactly what the table says. `tls_ca` holds whom to trust in place of the system's authorities, and
    `tls_cert` and `tls_key` are shown to a server that asks for a certificate. `replicas` are those of each stream.
    """

    url: str = "nats://127.0.0.1:4222"
    monitor_urls: list[str] = []
    nkey_file: str = ""
    user: str = ""
    tls_ca: str = ""
    tls_cert: str = ""
    tls_key: str = ""
    replicas: int = 1
    sync: Literal["verified", "unverified"] = "verified"
    permissions: Literal["verified", "unverified"] = "verified"


class Postgres(Struct, frozen=True, forbid_unknown_fields=True):
    """Where Postgres is: one role for the sequencer, one for the reader, and the owner's for migrations alone.

    A DSN without a password takes it from its file, which is read again at each connection. `durability` waives by name
    that Postgres must keep what it has committed.
    """

    dsn: str = ""
    password_file: str = ""
    reader_dsn: str = ""
    reader_password_file: str = ""
    admin_dsn: str = ""
    admin_password_file: str = ""
    durability: Literal["verified", "unverified"] = "verified"


class Http(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a process answers /livez, /readyz and /metrics. Port 0 is any free one.

    Under `tradewire up` it is the first of as many ports as there are processes, in the order in which they start.
    """

    host: str = "127.0.0.1"
    port: int = 0


class Log(Struct, frozen=True, forbid_unknown_fields=True):
    """What is logged and how. All but the format is reloaded on SIGHUP. `auto` is JSON, but words on a terminal.

    So many bytes of lines wait in memory for a reader or disk that is slow; what is more is dropped and counted.
    """

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "text"] = "auto"
    buffer_bytes: int = 4 << 20


class Traces(Struct, frozen=True, forbid_unknown_fields=True):
    """Where spans go, if anywhere: the base URL of an OTLP/HTTP collector, such as http://127.0.0.1:4318.

    Of all trades, the part `sample` is exported: every process chooses the same ones.
    """

    otlp_endpoint: str = ""
    sample: Decimal = Decimal(1)


class Ingest(Struct, frozen=True, forbid_unknown_fields=True):
    """The doors. `stream_max_bytes` bounds SIGNALS; a full stream refuses new signals and loses none.

    `people` are those who may give commands, where their keys are not kept in the data folder: some acts need two.
    """

    stream_max_bytes: int = 1 << 30
    batch: int = 200
    people: list[str] = []


class Risk(Struct, frozen=True, forbid_unknown_fields=True):
    """The configuration's limits of the scope `global`, as texts; appended as LimitSet at start when they differ.

    `tradewire.domain.limits` says how each is read. These are the defaults of paper accounts: a live account takes none
    of them, each must be written. `none` lifts a limit by name.
    """

    max_order_quantity: str = "10000"
    min_order_quantity: str = "0.0001"
    max_order_value: str = "10000"
    min_order_value: str = "10"
    market_order_cushion: str = "3"
    rounding: str = "reject"
    max_price_away: str = "3"
    max_price_away_passive: str = "20"
    max_price_away_crypto: str = "5"
    max_price_away_passive_crypto: str = "30"
    max_position_value: str = "50000"
    max_open_orders_per_symbol: str = "5"
    max_open_orders: str = "50"
    max_open_exposure: str = "100"
    max_gross_exposure: str = "200"
    max_net_exposure: str = "100"
    max_concentration: str = "none"
    max_group_concentration: str = "none"
    max_volume_share: str = "none"
    max_value_at_risk: str = "none"
    max_open_positions: str = "none"
    allow_short: str = "no"
    max_daily_loss: str = "5000"
    max_daily_loss_percent: str = "3"
    max_drawdown: str = "10"
    drawdown_window: str = "30d"
    max_orders_per_second: str = "5"
    max_orders_per_minute: str = "60"
    max_orders_per_day: str = "100"
    max_repeated_executions: str = "10"
    repeated_execution_window: str = "60s"
    duplicate_window: str = "10s"
    cooldown: str = "none"
    max_signal_age: str = "30s"
    max_signal_ahead: str = "2s"
    max_price_age: str = "5s"
    max_balance_age: str = "60s"
    max_instrument_age: str = "1d"
    approval_ttl: str = "30s"
    mark_interval: str = "60s"
    allowed_symbols: str = ""
    restricted_symbols: str = ""
    market_hours: str = "always"
    approval_threshold: str = "none"
    approval_deadline: str = "5m"
    probation_orders: str = "0"
    probation_order_value: str = "100"
    soft_limit: str = "80"


class Router(Struct, frozen=True, forbid_unknown_fields=True):
    """The router. A broker call may last `call_timeout`; an absent order is proven by asking over `absence_grace`.

    Nothing new is sent while risk or the ledger was not heard for longer than `max_beat_age`.
    """

    account: str = "paper"
    call_timeout: Duration = Duration(3_000_000)
    absence_grace: Duration = Duration(5_000_000)
    reconcile_interval: Duration = Duration(30_000_000)
    max_in_flight: int = 256
    max_beat_age: Duration = Duration(5_000_000)


class Paper(Struct, frozen=True, forbid_unknown_fields=True):
    """The paper broker: where it listens, what it charges, and what its market is.

    Each account starts with `starting_cash` in the account's own currency.
    """

    address: str = "127.0.0.1:0"
    token_file: str = ""
    journal: str = "data/paper"
    seed: int = 1
    starting_cash: Decimal = Decimal(100_000)
    commission_per_share: Decimal = Decimal(0)
    commission_percent: Decimal = Decimal(0)
    slippage_bps: Decimal = Decimal(0)
    fill: Literal["quotes", "signal_price"] = "quotes"
    price_from_signal: bool = True
    partial_ratio: Decimal = Decimal(0)
    latency_ms: int = 0
    allow_short: bool = False
    faults: bool = False


class Backup(Struct, frozen=True, forbid_unknown_fields=True):
    """Where backups of the log go, `every` how long, and of how many the newest are kept.

    `to` is a folder or `s3://bucket/folder`; `tradewire up` makes none by itself while it is empty. `endpoint` is that
    of an S3-compatible store other than Amazon's. Credentials come from the two files, else from the environment.
    """

    to: str = ""
    every: Duration = Duration(86_400_000_000)
    keep: int = 14
    endpoint: str = ""
    region: str = ""
    access_key_file: str = ""
    secret_key_file: str = ""


PLAY_MONEY = frozenset({"paper", "testnet", "demo", "sandbox"})
"""The environments of brokers in which nothing is at stake."""


class Account(Struct, frozen=True, forbid_unknown_fields=True):
    """A trading account: which broker holds it, and when its day rolls: at a time of day in its time zone.

    `environment` is the broker's: play money or live. `options` are the settings that the broker's adapter declares,
    written beside the others. `fractional` lets sizes that risk works out be fractions of a share; coins always may.
    `live` is said where the broker does not say it: an account of play money may be set live, to rehearse.
    `live_sentence` is typed by its owner.

    `price_source` is what risk may take for a price: `live` quotes; with `delayed` those too that their venue tells
    late, by `price_delay` at most; with `signal`, which no live account may have, a signal's own price where there is
    no quote. Left out, it is `signal` at the paper broker as far as `paper.price_from_signal` says so, else `live`.

    With `dry_run` everything goes on as else, but no order is sent: risk denies each that passes all other checks.
    """

    broker: str = "paper"
    environment: str = ""
    options: dict[str, str] = {}
    currency: str = "USD"
    time_zone: str = "UTC"
    day_rolls_at: str = "00:00"
    fractional: bool = False
    live: bool | None = None
    live_sentence: str = ""
    price_source: PriceSource | None = None
    price_delay: Duration = Duration(900_000_000)
    dry_run: bool = False

    @property
    def is_live(self) -> bool:
        """Whether real money is at stake, or is to be taken as if it were."""
        return self.real_money or bool(self.live)

    @property
    def real_money(self) -> bool:
        """Whether the broker moves real money for it."""
        return self.broker != "paper" and self.environment not in PLAY_MONEY


Sides = Literal["both", "long", "short", "buy", "sell"]
Repeat = Literal["add", "reverse", "ignore"]
StrategyMode = Literal["auto", "approve", "off"]


LEAST_TRADES = 30
"""Closed trades from which Kelly's figures may be taken, where a strategy says no other number."""


class Strategy(Struct, frozen=True, forbid_unknown_fields=True):
    """A strategy that may publish, and what it may do. What is left out restricts nothing.

    `account` is where its signals go when they name none, and `accounts` are all that it may trade. `windows` are hours
    in `time_zone`, else in the account's. `quantity` is how much a buy or sell trades that does not say it. From
    `kelly_trades` closed trades on Kelly's figures may be taken from them. `aliases` names the source whose names of
    symbols it uses: one of [aliases.NAME], or one that is built in.
    """

    account: str = ""
    accounts: list[str] | None = None
    sides: Sides = "both"
    windows: list[str] | None = None
    time_zone: str = ""
    order_types: list[str] | None = None
    quantity: str = "signal"
    max_open_positions: int | None = None
    repeat: Repeat = "add"
    mode: StrategyMode = "auto"
    kelly_trades: int = LEAST_TRADES
    aliases: str = ""


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that can be set. A process uses the sections that concern it.

    `groups` are symbols that move together, by the group's name: what an account has in one of them is limited.
    `aliases` are what sources call symbols, by the source's name: they come before those that are built in.
    """

    shard: str = "main"
    clock: Literal["wall", "quotes"] = "wall"
    data: str = "data"
    default_account: str = "paper"
    nats: Nats = Nats()
    postgres: Postgres = Postgres()
    http: Http = Http()
    log: Log = Log()
    traces: Traces = Traces()
    ingest: Ingest = Ingest()
    risk: Risk = Risk()
    router: Router = Router()
    paper: Paper = Paper()
    backup: Backup = Backup()
    accounts: dict[str, Account] = field(default_factory=lambda: {"paper": Account()})
    strategies: dict[str, Strategy] = {}
    groups: dict[str, list[str]] = {}
    aliases: dict[str, dict[str, str]] = {}

    def account_of(self, strategy: str) -> str:
        """The account that a strategy's signals go to when they name none."""
        profile = self.strategies.get(strategy)
        return (profile.account if profile else "") or self.default_account

    def broker_of(self, account: str) -> str:
        """The broker of an account; empty for one that is not configured."""
        found = self.accounts.get(account)
        return found.broker if found else ""

    def size_of(self, strategy: str) -> DefaultSize | None:
        """How much a strategy's entries trade when they do not say; None where they must say it."""
        profile = self.strategies.get(strategy)
        return default_size(profile.quantity) if profile else None

    def symbols_of(self, strategy: str) -> Symbols | None:
        """How a strategy's symbols are read; None where it writes them as we do."""
        profile = self.strategies.get(strategy)
        if profile is None or not profile.aliases:
            return None
        return Symbols(profile.aliases, self.aliases.get(profile.aliases, {}))

    def symbol_sources(self) -> list[Symbols]:
        """Every source that calls symbols something, by name."""
        return [Symbols(source, self.aliases.get(source, {})) for source in sorted({*BUILT_IN, *self.aliases})]

    def price_source_of(self, account: str) -> PriceSource:
        """What risk may take for a price in an account."""
        profile = self.accounts[account]
        if profile.price_source is not None:
            return profile.price_source
        return "signal" if profile.broker == "paper" and self.paper.price_from_signal else "live"

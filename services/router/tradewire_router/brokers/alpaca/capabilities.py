"""What Alpaca can do, and the settings of an account at it. Importing this costs nothing of the vendor's library."""

from decimal import Decimal

from tradewire.messages.bars import LENGTHS
from tradewire_router.brokers.values import Capabilities, ConfigField, RateLimit

BROKER = "alpaca"
CLIENT_ORDER_ID = r"\A[A-Za-z0-9._:-]{1,128}\Z"
QUANTITY_DIGITS = 9
CASH_STEP = Decimal("1E-8")
"""A coin's price times its quantity has more digits than the account tells of its cash."""
REQUESTS_PER_MINUTE = 200
QUOTES_AT_ONCE = 30
"""Of how many symbols the stream tells quotes, unless the feed is the one that is paid for."""
PAID_FEED = "sip"
CAPABILITIES = Capabilities(
    asset_classes=frozenset({"equity", "crypto"}),
    order_types=frozenset({"market", "limit", "stop", "stop_limit", "trailing_stop"}),
    times_in_force=frozenset({"day", "gtc", "ioc", "fok", "opg", "cls"}),
    id_pattern=CLIENT_ORDER_ID,
    id_uniqueness="forever",
    commission="later",
    fill_stream="push",
    replace="new_id",
    fractional=True,
    notional=True,
    short=True,
    reduce_only=False,
    post_only=False,
    native_bracket=True,
    native_oco=True,
    native_oto=True,
    cross_zero=False,
    sandbox=True,
    trailing_percent=True,
    extended_hours=True,
    restates=True,
    activities=True,
    questions_need_session=False,
    quotes="stream",
    quotes_at_once=QUOTES_AT_ONCE,
    bars=frozenset(LENGTHS),
    rate_limits=(RateLimit(REQUESTS_PER_MINUTE, 60),),
    cash_step=CASH_STEP,
)
FIELDS = [
    ConfigField(
        name="environment",
        label="Environment",
        type="select",
        required=True,
        options=("paper", "live"),
        help="paper is play money, live is real; the keys of one are refused by the other",
    ),
    ConfigField(
        name="api_key",
        label="API key",
        type="password",
        required=True,
        secret=True,
        variable="ALPACA_API_KEY",
    ),
    ConfigField(
        name="api_secret",
        label="API secret",
        type="password",
        required=True,
        secret=True,
        variable="ALPACA_API_SECRET",
    ),
    ConfigField(
        name="account_number",
        label="Account number",
        type="text",
        help="where it is set, keys of any other account are refused",
    ),
    ConfigField(
        name="feed",
        label="Data feed",
        type="select",
        default="iex",
        options=("iex", "sip", "delayed_sip"),
        help="iex is one exchange, sip is all of them and has to be paid for, delayed_sip is 15 minutes late",
    ),
    ConfigField(
        name="rate_per_min",
        label="Requests a minute",
        type="number",
        default=str(REQUESTS_PER_MINUTE),
        help="what Alpaca allows the account; the last of them are kept for cancels",
    ),
    ConfigField(
        name="url_override",
        label="Trading URL",
        type="text",
        help="http://127.0.0.1:PORT for a twin; else leave it out",
    ),
    ConfigField(
        name="stream_url_override",
        label="Order stream URL",
        type="text",
        help="default: follows from url_override",
        depends_on="url_override",
    ),
    ConfigField(
        name="data_url_override",
        label="Market data URL",
        type="text",
        help="default: follows from url_override",
        depends_on="url_override",
    ),
]

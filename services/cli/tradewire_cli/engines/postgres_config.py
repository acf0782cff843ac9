"""The embedded Postgres's configuration as text, written anew at each start."""

from typing import Final

LOCAL_FILE: Final = "local.conf"

_CONFIG: Final = f"""\
# Written at each start. Settings of your own belong in {LOCAL_FILE} beside this file.
unix_socket_permissions = 0700
password_encryption = 'scram-sha-256'
authentication_timeout = '15s'
max_connections = 60

fsync = on
synchronous_commit = on
full_page_writes = on
shared_buffers = '128MB'
max_wal_size = '1GB'
checkpoint_timeout = '5min'
jit = off

idle_in_transaction_session_timeout = '60s'
client_connection_check_interval = '10s'
tcp_keepalives_idle = '15s'
tcp_keepalives_interval = '5s'
tcp_keepalives_count = 3

log_destination = 'stderr'
logging_collector = off
log_line_prefix = '%m [%p] %q%u '
log_timezone = 'UTC'
log_startup_progress_interval = '2s'
log_min_duration_statement = '1s'
log_parameter_max_length = 64
log_lock_waits = on
timezone = 'UTC'
cluster_name = 'tradewire'
include_if_exists '{LOCAL_FILE}'
"""

_ACCESS: Final = """\
# Written at each start. Nobody comes in without a password.
local all all                scram-sha-256
host  all all 127.0.0.1/32   scram-sha-256
host  all all ::1/128        scram-sha-256
"""


def server_config() -> str:
    """Returns `postgresql.conf`; addresses and ports come from the command line."""
    return _CONFIG


def access_config() -> str:
    """Returns `pg_hba.conf`: scram for everybody, from this machine only."""
    return _ACCESS

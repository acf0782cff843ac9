"""What the image does for a cluster, shown in containers: every command of the manifests, and what goes out of it."""

import json
import logging
import re
import subprocess
import time

import boto3
from moto.server import ThreadedMotoServer

from tests.collector import Collector, collecting
from tests.deploy.commands import question, started
from tests.deploy.containers import VOLUME, Images, Wrong, expect, kept, running, said
from tradewire_cli.engines.ports import free_port

_WAIT_SECONDS = 120.0
_KEY = "image-test"
_PLACE = "s3://tradewire/log"


def show_commands(images: Images) -> None:
    """Every command of every manifest, with its words, asked of the program that the image has."""
    with kept(images, "commands") as inside:
        for words, where in started().items():
            asked = question(words)
            done = inside(*asked.command)
            heard = done.stdout + done.stderr
            known = asked.answered(done.returncode, heard)
            expect(f"`{' '.join(words)}` is a command ({where})", known, (done.returncode, heard))


def show_outside(images: Images) -> None:
    """Traces go to a collector and a backup into a bucket, by nothing but what the image has."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # what is asked of the bucket is not what is shown
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=free_port(), verbose=False)
    server.start()
    try:
        with collecting() as collector:
            _show_outside(images, collector, f"http://127.0.0.1:{server.get_host_and_port()[1]}")
    finally:
        server.stop()


def _show_outside(images: Images, collector: Collector, s3: str) -> None:
    bucket = boto3.client(
        "s3", endpoint_url=s3, region_name="us-east-1", aws_access_key_id=_KEY, aws_secret_access_key=_KEY
    )
    bucket.create_bucket(Bucket="tradewire")
    settings = (
        f'[traces]\notlp_endpoint = "{collector.url}"\n'
        f'[backup]\nendpoint = "{s3}"\naccess_key_file = "/data/bucket"\nsecret_key_file = "/data/bucket"\n'
    )
    writing = f"umask 077; printf %s '{settings}' > /data/tradewire.toml; printf %s {_KEY} > /data/bucket"
    said(images.contained("sh", "-c", writing, data=VOLUME))
    with running(images, "outside") as inside:
        sent = json.loads(inside("tradewire", "send", "buy", "AAPL", "10", "--price", "187.25", "--wait", "--json"))
        trace = json.loads(inside("tradewire", "why", sent["order"]["order"], "--json"))["trace_id"]
        end = time.monotonic() + _WAIT_SECONDS
        while not {"ingest", "risk", "router"} <= (seen := {_service(span.service) for span in collector.of(trace)}):
            if time.monotonic() > end:
                raise Wrong(f"the collector has heard of {trace} from {sorted(seen)} alone")
            time.sleep(0.2)
        expect("the trade's trace is at the collector, from ingest, risk and router", True, "")
        inside("tradewire", "backup", _PLACE)
    (stored,) = bucket.list_objects_v2(Bucket="tradewire")["Contents"]
    expect(
        "the backup is in the bucket", re.fullmatch(r"log/tradewire-.*\.twbackup", stored["Key"]) is not None, stored
    )
    words = ("tradewire", "backup", "verify", f"s3://tradewire/{stored['Key']}")
    verified = subprocess.run(images.contained(*words, data=VOLUME), capture_output=True, text=True, check=False)
    expect("and `tradewire backup verify` reads it there", verified.returncode == 0, verified.stdout + verified.stderr)


def _service(name: str) -> str:
    return name.removeprefix("tradewire-")

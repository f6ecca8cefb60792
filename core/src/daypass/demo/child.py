"""The child process of `daypass.demo.server`: all of OpenStack Swift in one process.

``python -m daypass.demo.child`` reads its settings as one line of JSON from stdin, prints the port
it listens on, and serves until stdin ends. Proxy, account, container and object server share one
process and one directory, with one replica of everything.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_BACK_ENDS = ("object", "container", "account")
_DEVICE = "disk"

#: The proxy's middleware, in the order in which a request passes it.
_PIPELINE = (
    "catch_errors",
    "gatekeeper",
    "healthcheck",
    "listing_formats",
    "bulk",
    "tempurl",
    "formpost",
    "s3api",
    "tempauth",
    "copy",
    "slo",
    "dlo",
    "versioned_writes",
    "symlink",
)

#: Seconds. Swift gives its parts half a second to connect to each other and a listing one to be brought up to
#: date, which a busy laptop may not keep: the answer would be an error, or a listing from before.
_PATIENCE = {"conn_timeout": "30", "node_timeout": "60", "container_update_timeout": "30"}

Ini = Mapping[str, Mapping[str, str]]


def main() -> None:
    """Serve until stdin ends."""
    settings = json.loads(sys.stdin.buffer.readline())
    directory = Path(settings["directory"])
    # A real thread, begun before Swift makes all others green: it must notice in any state.
    threading.Thread(target=_leave_with_parent, args=(directory,), daemon=True).start()
    os.chdir(directory)
    (directory / "devices" / _DEVICE).mkdir(parents=True)
    _write(directory / "swift.conf", _CONSTRAINTS)
    _serve(directory, settings)


def _leave_with_parent(directory: Path) -> None:
    """Wait for the end of stdin, which comes when the parent closes it or dies; then clean up."""
    while os.read(0, 1024):
        pass
    shutil.rmtree(directory, ignore_errors=True)
    os._exit(0)


_CONSTRAINTS: Ini = {
    # They keep the hashes of two clusters apart; this cluster is alone.
    "swift-hash": {"swift_hash_path_prefix": "daypass", "swift_hash_path_suffix": "demo"},
    "storage-policy:0": {"name": "single", "default": "yes"},
    "swift-constraints": {},
}


def _serve(directory: Path, settings: Mapping[str, Any]) -> None:
    # Every host here is an address, and eventlet's own resolver takes time to load.
    os.environ["EVENTLET_NO_GREENDNS"] = "yes"
    from swift.common import utils

    # Before anything else of Swift is imported: the rest would read /etc/swift.
    utils.SWIFT_CONF_FILE = str(directory / "swift.conf")
    utils.monkey_patch()
    import eventlet
    from swift.common import constraints, storage_policy
    from swift.common.wsgi import loadapp

    eventlet.hubs.use_hub(utils.get_hub())
    constraints.reload_constraints()
    storage_policy.reload_storage_policies()

    for name in _BACK_ENDS:
        socket = eventlet.listen(("127.0.0.1", 0))
        _write_ring(directory, name, socket.getsockname()[1])
        config = directory / f"{name}.conf"
        _write(config, _back_end(directory, name))
        eventlet.spawn(_answer, socket, loadapp(str(config)))
    config = directory / "proxy.conf"
    _write(config, _proxy(directory, settings))
    application = loadapp(str(config))
    front = eventlet.listen(("127.0.0.1", 0))
    sys.stdout.write(f"{front.getsockname()[1]}\n")
    sys.stdout.flush()
    _answer(front, application)


def _answer(socket: Any, application: Any) -> None:
    import eventlet.wsgi
    from swift.common.http_protocol import SwiftHttpProtocol

    eventlet.wsgi.server(
        socket,
        application,
        # Its protocol leaves paths as they were sent, and knows a request without Content-Type.
        protocol=SwiftHttpProtocol,
        capitalize_response_headers=False,
        custom_pool=eventlet.GreenPool(256),
        socket_timeout=60,
        log_output=False,
        debug=False,
    )


def _write_ring(directory: Path, name: str, port: int) -> None:
    """Write the ring: which server holds what. One partition, one device, one replica."""
    from swift.common.ring import RingBuilder

    builder = RingBuilder(part_power=1, replicas=1, min_part_hours=0)
    address = {"ip": "127.0.0.1", "port": port}
    builder.add_dev(
        {
            "id": 0,
            "region": 1,
            "zone": 1,
            "weight": 1.0,
            "device": _DEVICE,
            "meta": "",
            **address,
            **{f"replication_{key}": value for key, value in address.items()},
        }
    )
    builder.rebalance()
    builder.get_ring().save(str(directory / f"{name}.ring.gz"))


def _back_end(directory: Path, name: str) -> Ini:
    return {
        "DEFAULT": {
            "devices": str(directory / "devices"),
            "swift_dir": str(directory),
            "mount_check": "false",
            "disable_fallocate": "true",
            "fallocate_reserve": "0",
            "log_level": "CRITICAL",
        },
        "pipeline:main": {"pipeline": f"{name}-server"},
        f"app:{name}-server": {"use": f"egg:swift#{name}", **_PATIENCE},
    }


def _proxy(directory: Path, settings: Mapping[str, Any]) -> Ini:
    # In base64, because the plain form cannot express an underscore.
    account, user = (
        b64encode(settings[name].encode()).decode().rstrip("=") for name in ("account", "user")
    )
    special = {
        "s3api": {
            "location": settings["region"],
            "storage_domain": settings["domain"],
            "dns_compliant_bucket_names": "yes",
            "min_segment_size": "1",
            "auth_pipeline_check": "false",
        },
        "tempauth": {f"user64_{account}_{user}": f"{settings['secret']} .admin"},
        "versioned_writes": {"allow_object_versioning": str(settings["versioning"]).lower()},
    }
    return {
        "DEFAULT": {"swift_dir": str(directory), "log_level": "CRITICAL"},
        "pipeline:main": {"pipeline": " ".join([*_PIPELINE, "proxy-server"])},
        "app:proxy-server": {
            "use": "egg:swift#proxy",
            "account_autocreate": "true",
            "allow_account_management": "true",
            **_PATIENCE,
        },
        **{
            f"filter:{name}": {"use": f"egg:swift#{name}", **special.get(name, {})}
            for name in _PIPELINE
        },
    }


def _write(path: Path, sections: Ini) -> None:
    text = "".join(
        f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in values.items())
        for name, values in sections.items()
    )
    path.write_text(text)


if __name__ == "__main__":
    main()

"""What begins anew in a fork: whatever lock another thread holds, the child does its work."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
#: Locks of a call that is under way: it does not go on in a child, where the threads that share it are not.
OF_CALLS = {"daypass.manifest.workers": "_Children", "daypass.transfer.meter": "Meter"}

PROGRAM = textwrap.dedent(
    '''
    """Hold every lock of daypass in a thread, fork, and let the child open them and sign."""

    import gc, importlib, json, os, pkgutil, signal, sys, tempfile, threading, warnings

    warnings.simplefilter("ignore")  # newer Pythons warn of forks beside threads, which is what this is about
    import daypass
    import daypass_azure, daypass_cloudfront, daypass_gcs, daypass_redis, daypass_s3

    packages = [daypass, daypass_azure, daypass_cloudfront, daypass_gcs, daypass_redis, daypass_s3]
    for package in packages:
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if "__main__" not in found.name and not found.name.startswith("daypass.testing"):
                importlib.import_module(found.name)

    from daypass_azure.keys import DelegationKeys
    from daypass_gcs.keys import KeylessKey
    from daypass_s3.sessions import Sessions

    rule = daypass.Rule(name="all", paths=["s3://maps/**"], methods=["GET"], per_rule=daypass.Quota(live_links=9))
    daypass.set_policy(daypass.Policy(rules=[rule]))
    audit = daypass.AuditFile(os.path.join(tempfile.mkdtemp(), "audit.jsonl"))
    daypass.add_audit(audit)
    options = {"key": "AKIDEXAMPLE", "secret": "made-up"}
    held = [DelegationKeys(None), KeylessKey("a@b.example", None, "googleapis.com"), Sessions(None, None, None, None, 1.0)]

    def sign():
        return daypass.create_signed_url("s3://maps/a", storage_options=options).url

    sign()
    kinds = (type(threading.Lock()), type(threading.RLock()))

    def locks():
        """Every lock in a module or an object of daypass, by where it is."""
        found = {}
        for name, module in list(sys.modules.items()):
            if name.startswith("daypass"):
                for key, value in vars(module).items():
                    if isinstance(value, kinds):
                        found[name, "", key] = value
        for thing in gc.get_objects():
            kind = type(thing)
            if str(kind.__module__).startswith("daypass"):
                for key, value in getattr(thing, "__dict__", {}).items():
                    if isinstance(value, kinds):
                        found[kind.__module__, kind.__name__, f"{key} {id(thing)}"] = value
        return found

    taken, ready = locks(), threading.Event()

    def hold():
        for lock in taken.values():
            lock.acquire()
        ready.set()
        threading.Event().wait()

    threading.Thread(target=hold, daemon=True).start()
    ready.wait()
    child = os.fork()
    if not child:
        signal.alarm(60)  # of a child that waits for ever
        shut = [place for place, lock in locks().items() if not lock.acquire(blocking=False)]
        print(json.dumps([place[:2] + (place[2].split()[0],) for place in shut]), flush=True)
        os._exit(1 if shut else 0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    child = os.fork()
    if not child:
        signal.alarm(60)
        daypass.set_policy(None, replacing=daypass.policy.in_force._application[0].policy)
        daypass.remove_audit(audit)
        daypass.add_audit(audit)
        daypass.config.reload()
        os._exit(0 if sign().startswith("https://") else 2)
    code = code or os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(json.dumps(sorted({place[:2] for place in taken})), flush=True)
    os._exit(code)
    '''
)


def declared():
    """Every class and module whose source makes a lock."""
    found = set()
    for source in [ROOT / "core/src", *sorted((ROOT / "plugins").glob("*/src"))]:
        for file in sorted(source.rglob("*.py")):
            module = ".".join(file.relative_to(source).with_suffix("").parts)
            if module.startswith("daypass_links.server."):
                continue  # its processes are started anew, and fork no more
            tree = ast.parse(file.read_text())
            classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
            for node in ast.walk(tree):
                names = {"Lock", "RLock", "Condition", "Semaphore", "BoundedSemaphore"}
                named = getattr(node, "attr", getattr(node, "id", None))
                if isinstance(node, (ast.Attribute, ast.Name)) and named in names:
                    inside = [
                        kind.name
                        for kind in classes
                        if kind.lineno <= node.lineno <= kind.end_lineno
                    ]
                    found.add((module.removesuffix(".__init__"), inside[-1] if inside else ""))
    return found


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows knows no fork")
def test_a_child_works_whatever_locks_another_thread_of_its_parent_holds(tmp_path):
    file = tmp_path / "program.py"
    file.write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, file], capture_output=True, text=True, timeout=180, check=False
    )
    shut, tried = (json.loads(line) for line in done.stdout.splitlines() or ["null", "[]"])
    assert (shut, done.returncode) == ([], 0), done.stderr
    tried = {tuple(place) for place in tried}
    assert declared() == tried | set(OF_CALLS.items())

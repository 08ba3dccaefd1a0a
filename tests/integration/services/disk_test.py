#!/usr/bin/env python3
"""The disk of meseta-services: full, failing, damaged, lost. A sentence, no wrong answer, no app lost."""
import os
import shutil
import time

from marathon import PATIENCE, Marathon, cluster, expect, main

SHIM = os.environ.get("MESETA_DISK_FAULT") or os.path.join(cluster.BIN, "../tests/meseta_disk_fault.so")


def with_shim(folder, number):
    return {"LD_PRELOAD": SHIM, "MESETA_FAULT_FOLDER": f"{folder}/services-{number}/",
            "MESETA_FAULT_CONTROL": f"{folder}/fault-{number}"}


def fault(m, daemon, what):
    path = f"{m.dir}/fault-{m.services.index(daemon)}"
    if not what:
        os.remove(path)
        return
    with open(path, "w") as f:
        f.write(what)


def wait_says(daemon, *words):
    """Waits for a line of the log with one of the words."""
    def said():
        with open(daemon.log, errors="replace") as f:
            return any(w in line for line in f for w in words)
    cluster.wait_for(f"{daemon.address} to say {words}", said, PATIENCE)


def restart_if_ended(daemon):
    if daemon.process.poll() is not None:
        daemon.start()


def failing(what, *words):
    """The leader's disk fails: another leads, apps stay, and it is back once the disk is."""
    with Marathon(services=3, env=with_shim) as m:
        m.ask("POST", "/v2/apps", m.sleeper("/a", 3))
        m.wait_settled("/a")
        before = m.expect_same("/a")
        victim = m.leader()
        fault(m, victim, what)
        begin = time.monotonic()
        m.ask("PUT", "/v2/groups//probe", {}, but=[victim])
        print(f"writes again after {time.monotonic() - begin:.2f} s")
        wait_says(victim, *words)
        m.ask("PUT", "/v2/apps/a", {"instances": 4}, but=[victim])
        m.wait_settled("/a", but=[victim])
        fault(m, victim, "")
        restart_if_ended(victim)
        cluster.wait_for("the victim to answer", lambda: m.call(
            "GET", "/v2/apps/a", address=victim.address, timeout=5)[1]["app"]["instances"] == 4, PATIENCE)
        after = m.expect_same("/a")
        expect(before < after and len(after) == 4, before, after)


def full_disk():
    failing("full", "No space left")


def failing_disk():
    failing("write", "Input/output error")


def failing_sync():
    failing("sync", "Input/output error")


def full_disk_alone():
    """One daemon alone: what it cannot keep it refuses; what runs goes on; later it takes changes."""
    with Marathon(services=1, env=with_shim) as m:
        m.ask("POST", "/v2/apps", m.sleeper("/a", 3))
        m.wait_settled("/a")
        before = m.expect_same("/a")
        only = m.services[0]
        fault(m, only, "full")
        try:
            status, answer = m.call("PUT", "/v2/apps/a", {"instances": 4}, only.address, timeout=5)
            expect(status >= 500, status, answer)
        except OSError:
            pass  # No answer is no promise either.
        wait_says(only, "No space left")
        expect(set(m.processes("/a")) == before, "apps stopped")
        fault(m, only, "")
        restart_if_ended(only)
        m.ask("PUT", "/v2/apps/a?force=true", {"instances": 5})
        m.wait_settled("/a")
        expect(before < m.expect_same("/a"), "instances were replaced")


def log_folder(daemon):
    for where, _, names in os.walk(daemon.work_dir):
        if "CURRENT" in names and ".corrupt-" not in where:
            return where
    raise AssertionError(f"no LevelDB below {daemon.work_dir}")


def damaged(damage):
    """A daemon whose disk was damaged while it was down learns everything from its peers."""
    with Marathon(services=3, env=with_shim) as m:
        m.ask("POST", "/v2/apps", m.sleeper("/a", 3))
        m.wait_settled("/a")
        before = m.expect_same("/a")
        victim = m.leader()
        victim.kill()
        damage(victim)
        victim.start()
        m.wait_leader(but=[victim])
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            restart_if_ended(victim)  # As a service manager does.
            try:
                if m.call("GET", "/v2/apps/a", address=victim.address, timeout=5)[0] == 200:
                    break
            except OSError:
                time.sleep(0.1)
        m.ask("PUT", "/v2/apps/a", {"instances": 4})
        m.wait_settled("/a")
        expect(before < m.expect_same("/a"), "instances were replaced")


def flipped_bits():
    def damage(daemon):
        folder = log_folder(daemon)
        for name in os.listdir(folder):
            if name.endswith((".log", ".ldb")):
                with open(f"{folder}/{name}", "r+b") as f:
                    data = bytearray(f.read())
                    for place in range(100, len(data), 997):
                        data[place] ^= 0x40
                    f.seek(0)
                    f.write(data)
    damaged(damage)


def empty_disk():
    damaged(lambda daemon: shutil.rmtree(daemon.work_dir))


if __name__ == "__main__":
    main({f.__name__: f for f in (full_disk, failing_disk, failing_sync, full_disk_alone, flipped_bits,
                                  empty_disk)})

#!/usr/bin/env python3
"""What becomes of a master whose disk is full, fails, or was damaged: a clear sentence, no wrong answer,
nothing for its peers to notice, and it comes back by itself."""
import contextlib
import os
import random
import shutil
import time

import hosts
from faults import AWAY
from fleet import Fleet, cluster, expect
from registry_writer import RegistryWriter
from support import PATIENCE, main

SHIM = os.environ.get("MESETA_DISK_FAULT") or os.path.join(cluster.BIN, "../tests/meseta_disk_fault.so")
PEERS_PAUSE = 10  # Seconds without an acknowledgement that a test machine may explain.


@contextlib.contextmanager
def under_load(prepare=lambda fleet: None):
    """Three masters and an agent with a writer at work; checks at the end what holds always."""
    fleet = Fleet(masters=3, agents=1)
    prepare(fleet)
    with fleet:
        writer = RegistryWriter(fleet)
        writer.wait_ack(time.monotonic())
        yield fleet, writer
        fleet.wait_settled("the fault")
        writer.wait_ack(time.monotonic())
        writer.stop()
        problems = writer.problems() + fleet.watch.problems
        expect(not problems, "; ".join(problems[:10]))


def victim_of(fleet, leads):
    return fleet.leader() if leads else random.choice(fleet.followers())


def wait_says(master, since, *words):
    """Waits until the master's log, from position `since` on, has a line with all the words."""
    def said():
        return any(all(w in line for w in words) for line in master.log_text()[since:].splitlines())
    try:
        cluster.wait_for(f"{master.name} to say {words}", said, PATIENCE)
    except TimeoutError:
        raise AssertionError(f"{master.name} did not say {words} but: {master.log_text()[since:][-1500:]}")


def expect_others_go_on(writer, victim, since):
    took = writer.wait_ack(since, but=victim, timeout=PATIENCE)
    expect(took < PEERS_PAUSE, f"its peers went on after {took:.1f} s only")


def member_id(fleet, master):
    members = fleet.leading_answer("/meseta/members")["members"]
    return next((m["id"] for m in members if m["address"] == master.address), None)


def wait_new_member(fleet, master, before):
    """Until the others know it by another id than the one that its lost disk had."""
    cluster.wait_for(f"{master.name} to join under a new id",
                     lambda: member_id(fleet, master) not in (None, before), PATIENCE)


def log_folder(master):
    """Of the LevelDB that holds the master's replicated log."""
    for where, _, names in os.walk(master.work_dir):
        if "CURRENT" in names and ".corrupt-" not in where:
            return where
    raise AssertionError(f"no LevelDB below {master.work_dir}")


def restart_if_ended(master):
    """As a service manager does."""
    if master.process.poll() is not None:
        expect(master.process.returncode == 78, master.name, "ended with", master.process.returncode)
        master.start()


# ---- a full disk

def fill(path):
    with open(path, "ab", buffering=0) as f, contextlib.suppress(OSError):
        for size in (65536, 4096, 512, 1):
            with contextlib.suppress(OSError):
                while f.write(b"x" * size) == size:
                    pass


def disk_is_full(leads):
    def small_disks(fleet):
        for master in fleet.masters:
            fleet.small_disk(master, "24m")

    with under_load(small_disks) as (fleet, writer):
        victim = victim_of(fleet, leads)
        before, since, begin = member_id(fleet, victim), len(victim.log_text()), time.monotonic()
        fill(f"{victim.work_dir}/ballast")
        expect_others_go_on(writer, victim, begin)
        wait_says(victim, since, "full", victim.work_dir)
        time.sleep(AWAY)
        os.unlink(f"{victim.work_dir}/ballast")
        restart_if_ended(victim)
        fleet.wait_settled("the full disk")
        expect(member_id(fleet, victim) == before, "it came back as a new member, with its disk intact")


def full_disk():
    """A follower's disk."""
    disk_is_full(leads=False)


def full_disk_of_leader():
    disk_is_full(leads=True)


# ---- a disk that reports errors

def disk_reports(fault, words, leads=True):
    def preload(fleet):
        for master in fleet.masters:
            master.control = f"{fleet.dir}/fault-{master.number}"
            master.environment = {"LD_PRELOAD": SHIM, "MESETA_FAULT_FOLDER": master.work_dir,
                                  "MESETA_FAULT_CONTROL": master.control,
                                  "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") +
                                                  ":verify_asan_link_order=0"}

    with under_load(preload) as (fleet, writer):
        victim = victim_of(fleet, leads)
        since, begin = len(victim.log_text()), time.monotonic()
        with open(victim.control, "w") as f:
            f.write(fault)
        expect_others_go_on(writer, victim, begin)
        wait_says(victim, since, victim.work_dir, *words)
        time.sleep(AWAY)
        os.unlink(victim.control)
        restart_if_ended(victim)


def failing_disk():
    disk_reports("write", ["Input/output error"])


def failing_sync():
    """A failed sync may not be tried again as if nothing were lost."""
    disk_reports("sync", ["Input/output error"])


def short_writes():
    disk_reports("short", ["Input/output error"])


def failing_reads():
    """At the start, when it reads most."""
    def preload(fleet):
        master = fleet.masters[2]
        master.environment = {"LD_PRELOAD": SHIM, "MESETA_FAULT_FOLDER": master.work_dir,
                              "MESETA_FAULT_CONTROL": f"{fleet.dir}/fault",
                              "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") +
                                              ":verify_asan_link_order=0"}

    with under_load(preload) as (fleet, writer):
        victim = fleet.masters[2]
        since, begin = len(victim.log_text()), time.monotonic()
        victim.kill()
        with open(f"{fleet.dir}/fault", "w") as f:
            f.write("read")
        victim.start()
        expect_others_go_on(writer, victim, begin)
        wait_says(victim, since, victim.work_dir, "Input/output error")
        os.unlink(f"{fleet.dir}/fault")
        time.sleep(1)
        restart_if_ended(victim)


# ---- a damaged disk

def truncate(path):
    os.truncate(path, os.path.getsize(path) // 2)


def lose_the_end(path):
    """The last record, which was acknowledged, is gone without a trace in what is left."""
    os.truncate(path, max(0, os.path.getsize(path) - 300))


def flip_a_bit(path):
    with open(path, "r+b") as f:
        f.seek(os.path.getsize(path) // 3)
        byte = f.read(1)[0]
        f.seek(-1, os.SEEK_CUR)
        f.write(bytes([byte ^ 0x10]))


def files_of(folder):
    """One file of each kind that has content, by kind."""
    found = {}
    for name in sorted(os.listdir(folder)):
        kind = "MANIFEST" if name.startswith("MANIFEST") else name.rsplit(".", 1)[-1]
        if kind in ("log", "ldb", "MANIFEST", "CURRENT") and os.path.getsize(f"{folder}/{name}") > 8:
            found[kind] = f"{folder}/{name}"
    return found


def disk_is_damaged(damages):
    """Each damage of (kind of file, function): set aside with a sentence, and back as a new member."""
    with under_load() as (fleet, writer):
        for kind, damage in damages:
            victim = random.choice(fleet.followers())
            for _ in range(2):  # LevelDB makes tables of its log at a start.
                victim.kill()
                victim.start()
                fleet.wait_settled("a restart")
            before = member_id(fleet, victim)
            time.sleep(1)
            victim.kill()
            folder = log_folder(victim)
            files = files_of(folder)
            expect(kind in files, f"no {kind} in {os.listdir(folder)}")
            damage(files[kind])
            since, begin = len(victim.log_text()), time.monotonic()
            victim.start()
            what = f"{damage.__name__} of {kind}"
            wait_says(victim, since, folder, "damaged")
            expect_others_go_on(writer, victim, begin)
            wait_new_member(fleet, victim, before)
            fleet.wait_settled(what)
            expect(any(".corrupt-" in name for name in os.listdir(os.path.dirname(folder))),
                   what, ": the damaged disk was not kept")
            problems = writer.problems()
            expect(not problems, what, ":", "; ".join(problems[:10]))
            print(f"  {what}: back after {time.monotonic() - begin:.1f} s", flush=True)


def truncated_log():
    disk_is_damaged([("log", truncate), ("log", lose_the_end), ("MANIFEST", truncate)])


def flipped_bits():
    disk_is_damaged([("log", flip_a_bit), ("ldb", flip_a_bit), ("MANIFEST", flip_a_bit),
                     ("CURRENT", flip_a_bit)])


def empty_disk():
    """A new disk in place of the old one: it has forgotten its vote and is a new member."""
    with under_load() as (fleet, writer):
        for victim in (random.choice(fleet.followers()), fleet.leader()):
            before, begin = member_id(fleet, victim), time.monotonic()
            victim.kill()
            shutil.rmtree(victim.work_dir)
            victim.start()
            expect_others_go_on(writer, victim, begin)
            wait_new_member(fleet, victim, before)
            fleet.wait_settled("the loss of a disk")


def foreign_disk():
    """A disk from another cluster is refused with a sentence and left as it is."""
    with under_load() as (fleet, writer):
        stranger = fleet.masters[0].__class__(fleet, 9, [])
        stranger.start()
        cluster.wait_for("another cluster", lambda: stranger.members()["leader"])
        foreign_id = stranger.members()["cluster_id"]
        stranger.stop()
        victim = random.choice(fleet.followers())
        ours = fleet.leading_answer("/meseta/members")["cluster_id"]
        victim.kill()
        os.rename(victim.work_dir, f"{victim.work_dir}.own")
        shutil.copytree(stranger.work_dir, victim.work_dir)
        since = len(victim.log_text())
        victim.start()
        expect(victim.process.wait(PATIENCE) in (1, 78), "it ended with", victim.process.returncode)
        said = victim.log_text()[since:]
        expect(foreign_id in said and ours in said, "it does not name both clusters:", said[-1500:])
        shutil.rmtree(victim.work_dir)
        os.rename(f"{victim.work_dir}.own", victim.work_dir)
        victim.start()


if __name__ == "__main__":
    hosts.enter()
    main({f.__name__: f for f in (
        full_disk, full_disk_of_leader, failing_disk, failing_sync, short_writes, failing_reads,
        truncated_log, flipped_bits, empty_disk, foreign_disk)})

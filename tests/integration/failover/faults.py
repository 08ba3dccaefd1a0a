"""What befalls the masters: one function a kind of fault.

Each returns once the fault is over and all processes run again, having measured: a dictionary of
seconds by what was measured. "new leader" is from the fault to the first registry write that another
master has acknowledged; "pause" is the longest time without an acknowledgement of anybody.
"""
import random
import signal
import time

AWAY = 2.5  # Seconds for which a leader is stopped or cut off: the others have replaced it by then.


def _replaced(writer, leader, fault, after=None):
    """Does `fault` to the leader and measures until another is at work; then `after` undoes it."""
    begin = time.monotonic()
    fault()
    try:
        took = writer.wait_ack(begin, but=leader)
        time.sleep(max(0.0, begin + AWAY - time.monotonic()))
    finally:
        if after:
            after()
    return {"new leader": took}


def kill_leader(fleet, writer):
    leader = fleet.leader()
    return _replaced(writer, leader, leader.kill, leader.start)


def stop_leader(fleet, writer):
    """SIGSTOP: it wakes up later and believes that it leads."""
    leader = fleet.leader()
    return _replaced(writer, leader, lambda: leader.signal(signal.SIGSTOP),
                     lambda: leader.signal(signal.SIGCONT))


def cut_leader(fleet, writer):
    leader = fleet.leader()
    return _replaced(writer, leader, leader.host.cut, leader.host.heal)


def cut_leader_out(fleet, writer):
    leader = fleet.leader()
    return _replaced(writer, leader, leader.host.cut_out, leader.host.heal)


def cut_leader_in(fleet, writer):
    leader = fleet.leader()
    return _replaced(writer, leader, leader.host.cut_in, leader.host.heal)


def kill_follower(fleet, writer):
    """Nothing happens, to anybody else."""
    follower = random.choice(fleet.followers())
    begin = time.monotonic()
    follower.kill()
    time.sleep(1)
    pause = writer.longest_gap(begin)
    follower.start()
    return {"pause": pause}


def cut_follower_from_leader(fleet, writer):
    """It hears nothing of its leader, but of its peer: it must not unseat a leader that leads."""
    leader, follower = fleet.leader(), random.choice(fleet.followers())
    begin = time.monotonic()
    leader.host.cut_from(follower.host)
    try:
        time.sleep(AWAY)
        return {"pause": writer.longest_gap(begin)}
    finally:
        leader.host.heal_from(follower.host)


def transfer(fleet, writer):
    leader = fleet.leader()
    begin = time.monotonic()
    status, text = fleet.change_members("transfer", None)
    if status not in (200, 202):
        raise AssertionError(f"the transfer was answered {status}: {text}")
    return {"new leader": writer.wait_ack(begin, but=leader)}


def kill_all(fleet, writer):
    """The power fails everywhere at once."""
    for master in fleet.masters:
        master.signal(signal.SIGKILL)
    for master in fleet.masters:
        master.process.wait()
    begin = time.monotonic()
    for master in fleet.masters:
        master.start()
    return {"new leader": writer.wait_ack(begin)}


KINDS = [kill_leader, stop_leader, cut_leader, kill_follower, cut_leader_out, transfer, cut_leader_in,
         kill_all, cut_follower_from_leader]
# By these a leader is lost; the time to the next one is what the bar is about.
LEADER_LOST = {"kill_leader", "stop_leader", "cut_leader", "cut_leader_out", "cut_leader_in"}

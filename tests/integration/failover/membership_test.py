#!/usr/bin/env python3
"""1 -> 3 -> 5 -> 3 masters, online and under load: nothing is lost, doubled or out of order."""
import time

import hosts
from checking_framework import CheckingFramework
from fleet import Fleet, cluster, expect
from registry_writer import RegistryWriter
from support import main

PAUSE_LIMIT = 15  # Seconds without an acknowledged write that a loaded machine may explain.


def add(fleet, writer, number):
    """Invites a master and starts it; it becomes a voter by itself once it has caught up."""
    leader = fleet.leader()
    master = fleet.add_master(number, [leader.address, f"{hosts.SUBNET}.{number}:5050"])
    status, text = fleet.change_members("add", master.address)
    expect(status == 200, f"adding {master.address} was answered {status}: {text}")
    master.start()
    writer.add(master)
    fleet.wait_settled(f"adding {master.name}")


def remove(fleet, master):
    """Takes it out of the cluster and then stops it; who leads hands over first."""
    def removed():
        status, text = fleet.change_members("remove", master.address)
        expect(status == 200 or "No member" in text,
               f"removing {master.address} was answered {status}: {text}")
        return True
    cluster.wait_for(f"the removal of {master.name}", removed)
    rest = [m for m in fleet.masters if m is not master]
    fleet.wait_settled(f"removing {master.name}", expected=rest)
    time.sleep(1)  # It runs on, and must not disturb those that are left.
    fleet.wait_settled(f"removing {master.name}", expected=rest)
    master.stop()
    fleet.masters.remove(master)


def step(what, fleet, writer, framework, begin):
    framework.wait_progress()
    problems = writer.problems() + fleet.watch.problems
    expect(not problems, what, ":", "; ".join(problems[:10]))
    pause = writer.longest_gap(begin)
    print(f"  {what}: {time.monotonic() - begin:.1f} s, longest pause {pause:.2f} s", flush=True)
    expect(pause < PAUSE_LIMIT, what, ": writes paused for", pause, "s")


def grow_and_shrink():
    with Fleet(masters=1, agents=2, later_masters=4) as fleet:
        writer, framework = RegistryWriter(fleet), CheckingFramework(fleet)
        framework.wait_progress()
        first = fleet.masters[0]
        begin = time.monotonic()
        for number in (2, 3):
            add(fleet, writer, number)
        step("1 -> 3", fleet, writer, framework, begin)

        begin = time.monotonic()
        leader = fleet.leader()
        leader.kill()  # Three masters stand the loss of one.
        writer.wait_ack(begin, but=leader)
        leader.start()
        fleet.wait_settled("the loss of one of three")
        step("one of three dies", fleet, writer, framework, begin)

        begin = time.monotonic()
        for number in (4, 5):
            add(fleet, writer, number)
        step("3 -> 5", fleet, writer, framework, begin)

        begin = time.monotonic()
        two = [fleet.leader(), fleet.followers()[0]]
        for master in two:
            master.kill()  # And five the loss of two.
        writer.wait_ack(begin, but=two[0])
        for master in two:
            master.start()
        fleet.wait_settled("the loss of two of five")
        step("two of five die", fleet, writer, framework, begin)

        begin = time.monotonic()
        leader = fleet.leader()
        remove(fleet, leader)
        remove(fleet, first if first is not leader else fleet.followers()[0])
        step("5 -> 3", fleet, writer, framework, begin)

        framework.finish()
        fleet.wait_no_containers()
        writer.stop()
        print(f"  {framework.summary()}; {len(writer.acks)} registrations acknowledged", flush=True)
        problems = framework.problems() + writer.problems() + fleet.watch.problems
        expect(not problems, f"{len(problems)} problems:", "; ".join(problems[:20]))
        framework.stop()


if __name__ == "__main__":
    hosts.enter()
    main({"grow_and_shrink": grow_and_shrink})

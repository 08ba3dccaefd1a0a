#!/usr/bin/env python3
"""failover_test.py rounds [N [SEED]]: three masters, agents and a framework under load, and N rounds of
faults (10 without N). Fails when a task or an acknowledged write was lost or doubled, or when the
median time from the loss of a leader to the next acknowledged write is 1.5 s or more."""
import collections
import random
import statistics
import sys
import time

import hosts
from checking_framework import CheckingFramework
from faults import KINDS, LEADER_LOST
from fleet import Fleet, expect
from registry_writer import RegistryWriter
from support import main

BAR = 1.5  # Seconds, median.
ROUNDS = 10
EMULATED_AGENTS = 200


def quantile(values, q):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


def line(what, values):
    return (f"  {what:38} n {len(values):3}  min {min(values):5.2f}  median "
            f"{statistics.median(values):5.2f}  p95 {quantile(values, 0.95):5.2f}  max "
            f"{max(values):5.2f} s")


def one_round(number, fault, fleet, writer, framework, measured):
    begin = time.monotonic()
    results = fault(fleet, writer)
    for what, seconds in results.items():
        measured[fault.__name__, what].append(seconds)
    fleet.wait_settled(f"round {number}, {fault.__name__}")
    framework.wait_progress()
    writer.mark_an_agent_gone(spare={a.host.ip for a in fleet.agents})
    problems = writer.problems() + fleet.watch.problems
    shown = ", ".join(f"{what} {seconds:.2f} s" for what, seconds in results.items())
    print(f"  round {number}: {fault.__name__}: {shown}; whole round "
          f"{time.monotonic() - begin:.1f} s", flush=True)
    expect(not problems, f"after round {number}, {fault.__name__}:", "; ".join(problems[:10]))


def report(measured, writer, framework):
    for (fault, what), values in sorted(measured.items()):
        print(line(f"{fault}: {what}", values))
    lost = [s for (fault, what), values in measured.items() if fault in LEADER_LOST for s in values]
    print(line("all losses of a leader", lost))
    print(f"  {framework.summary()}; {len(writer.acks)} registrations and "
          f"{len(writer.torn_down)} removals acknowledged", flush=True)
    return lost


def rounds(count=ROUNDS, seed=None):
    seed = seed if seed is not None else random.randrange(1 << 30)
    print(f"  {count} rounds, seed {seed}", flush=True)
    random.seed(seed)
    kinds = []
    while len(kinds) < count:
        kinds += random.sample(KINDS, len(KINDS)) if count > len(KINDS) + 1 else KINDS
    measured = collections.defaultdict(list)
    with Fleet(masters=3, agents=2, emulated=EMULATED_AGENTS) as fleet:
        writer, framework = RegistryWriter(fleet), CheckingFramework(fleet)
        framework.wait_progress()
        for number, fault in enumerate(kinds[:count], 1):
            one_round(number, fault, fleet, writer, framework, measured)
        framework.finish()
        fleet.wait_no_containers()
        writer.stop()
        lost = report(measured, writer, framework)
        problems = framework.problems() + writer.problems() + fleet.watch.problems
        expect(not problems, f"{len(problems)} problems:", "; ".join(problems[:20]))
        framework.stop()
    median = statistics.median(lost)
    expect(median < BAR, f"the median time to a new leader is {median:.2f} s")


if __name__ == "__main__":
    hosts.enter()
    if sys.argv[1:2] == ["rounds"] and len(sys.argv) > 2:
        numbers = [int(n) for n in sys.argv[2:4]]
        sys.argv[1:] = []
        main({"rounds": lambda: rounds(*numbers)})
    main({"rounds": rounds})

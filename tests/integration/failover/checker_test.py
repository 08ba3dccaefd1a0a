#!/usr/bin/env python3
"""The checkers see what they are there for: made-up histories, each with one thing wrong."""
import os
import tempfile
import threading

from checking_framework import CheckingFramework, Task
from fleet import Watch, expect
from registry_writer import RegistryWriter
from support import main


def framework_with(task_id="t", starts=1, ends=(("u1", "TASK_FINISHED"),)):
    framework = CheckingFramework.__new__(CheckingFramework)
    folder = tempfile.TemporaryDirectory(prefix="meseta-checker-")
    framework.folder, framework.marks = folder, folder.name  # Goes with the framework.
    framework.unknown, framework.report_times = [], []
    task = Task(task_id, "a", "true")
    task.ends = dict(ends)
    framework.tasks = {task_id: task}
    with open(os.path.join(framework.marks, task_id), "w") as f:
        f.write("1\n" * starts)
    return framework


def tasks():
    for what, options in {
            "LOST without word": {"ends": ()},
            "DUPLICATED": {"starts": 2},
            "two ends": {"ends": (("u1", "TASK_FAILED"), ("u2", "TASK_FAILED"))},
            "two ends: t on a": {"ends": (("reconciled", "TASK_LOST"), ("u1", "TASK_FINISHED"))},
            "LOST after it had started": {"ends": (("u1", "TASK_DROPPED"),)},
            "finished without a start": {"starts": 0}}.items():
        problems = framework_with(**options).problems()
        expect(len(problems) == 1 and problems[0].startswith(what), what, "is not seen:", problems)
    for options in ({}, {"starts": 0, "ends": (("u1", "TASK_LOST"),)},
                    {"ends": (("u1", "TASK_FINISHED"), ("reconciled", "TASK_FINISHED"))},
                    {"ends": (("u1", "TASK_FINISHED"), ("reconciled", "TASK_GONE"))}):
        problems = framework_with(**options).problems()
        expect(not problems, "a good history is called", problems)
    slow = framework_with()
    slow.report_times = [5.5]
    expect("reported after up to 5.5 s" in slow.problems()[0], slow.problems())


class FakeFleet:
    masters = ()

    def __init__(self, frameworks, agents, gone):
        def named(i):
            return {"id": {"value": i}}
        self.answers = {
            "/registrar(1)/registry": {
                "meseta": {"frameworks": [{"info": named(f)} for f in frameworks]},
                "slaves": {"slaves": [{"info": named(a)} for a in agents]},
                "gone": {"slaves": [named(g) for g in gone]}},
            "/slaves": {"slaves": []}}

    def leading_answer(self, path):
        return self.answers[path]


def registry():
    def problems(frameworks=("kept",), agents=("a",), gone=("g",)):
        writer = RegistryWriter(FakeFleet(frameworks, agents, gone))
        writer.kept, writer.torn_down = {"kept": 1.0}, {"torn": 2.0}
        writer.agents, writer.gone = {"a"}, {"g"}
        return writer.problems()
    expect(not problems(), problems())
    expect("kept was registered" in problems(frameworks=())[0])
    expect("torn was torn down" in problems(frameworks=("kept", "torn"))[0])
    expect("agent a was registered" in problems(agents=())[0])
    expect("agent g was marked gone" in problems(gone=())[0])
    expect("agent g was marked gone" in problems(agents=("a", "g"))[0])


class FakeMaster:
    def __init__(self, address):
        self.address = address


def leaders():
    watch = Watch.__new__(Watch)
    watch.lock, watch.seen, watch.leaders, watch.problems = threading.Lock(), {}, {}, []
    one, two = FakeMaster("one"), FakeMaster("two")


    def note(master, term, role):
        watch._note(master, {"term": term, "members": [{"self": True, "role": role},
                                                       {"self": False, "role": "leader"}]})
    note(one, 3, "leader")
    note(two, 3, "voter")
    note(two, 4, "leader")
    expect(watch.leader() == (4, "two") and not watch.problems, watch.leader(), watch.problems)
    note(two, 3, "leader")
    expect("term 3 was led by one and by two" in watch.problems[0])


if __name__ == "__main__":
    main({f.__name__: f for f in (tasks, registry, leaders)})

"""Killing the process: what was receipted is there, and nothing half-done."""

import subprocess
import sys

import pytest

from envrules.store import Store

APPEND_AND_PROJECT = """
import itertools, sys, threading
from envrules.store import Batch, DecisionRow, NewEntry, NodeRow, ProjectionChange, Store

store = Store.open(sys.argv[1])
run = sys.argv[2]

def append(thread):
    for n in itertools.count():
        ids = [f"{run}-{thread}-{n}-{i}" for i in range(20)]
        entries = [NewEntry("event", id.encode() * 10, id) for id in ids]
        [receipts] = store.append([Batch("gaoling", entries, 0)])
        lines = (f"{receipt.seq} {id}\\n" for receipt, id in zip(receipts, ids))
        sys.stdout.write("".join(lines))
        sys.stdout.flush()

def decide(seq):
    return DecisionRow(seq, f"id-{seq}", f"slot-{seq}", 1, "issue", seq, "", "", "", "", "", "",
                       "", "", 0, "", b"")

def project():
    lease = store.lease("gaoling", "projector", 1, 0)
    at = store.projection("gaoling").position
    while True:
        last = at + len(store.read_log("gaoling", at, 7))
        seqs = range(at + 1, last + 1)
        store.commit(lease, ProjectionChange(
            at, last, last, decisions=[decide(seq) for seq in seqs],
            nodes=[NodeRow(f"node-{seq}", "", None, b"") for seq in seqs],
        ))
        at = last

for job in (lambda: append(0), lambda: append(1), project):
    threading.Thread(target=job).start()
"""


@pytest.mark.parametrize("lines", [1, 400, 1500])
def test_kill_loses_no_receipt(store_url: str, lines: int) -> None:
    """A process killed while it appends and projects leaves every receipted entry.

    The log has no gap, its head is its length, and the projection stands whole at one place of
    it; the next process goes on from there and is killed in its turn.
    """
    with Store.open(store_url) as store:
        store.create_locality("gaoling", "高陵", "Asia/Shanghai", 0)
    receipted: dict[int, str] = {}
    for run in ("first", "second"):
        command = [sys.executable, "-c", APPEND_AND_PROJECT, store_url, run]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            heard = [process.stdout.readline() for _ in range(lines)]
            process.kill()
            heard += process.stdout.readlines()
        for line in heard:
            if line.endswith("\n"):  # the last one may be cut off
                seq, id = line.split()
                assert receipted.setdefault(int(seq), id) == id
    assert len(receipted) >= 2 * lines

    with Store.open(store_url) as store:
        head = store.head("gaoling")
        rows = store.read_log("gaoling", 0, head + 1)
        assert [row.seq for row in rows] == list(range(1, head + 1))
        assert len({row.event_id for row in rows}) == head
        stored = {row.seq: row.event_id for row in rows}
        assert {seq: stored[seq] for seq in receipted} == receipted

        now = store.projection("gaoling")
        assert now.position == now.decision_seq == now.tick <= head
        decisions = store.decisions("gaoling", limit=head + 1)
        assert [row.log_seq for row in decisions] == list(range(1, now.position + 1))
        assert len(store.node_keys("gaoling", "node-", limit=head + 1)) == now.position

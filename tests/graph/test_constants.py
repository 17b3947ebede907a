"""Values that were found when they were recorded: how many are kept, and for how long."""

from __future__ import annotations

import copy
import gc
import pickle
import threading

import numpy as np

from mars_nb.graph.constants import Folded, Kept, nbytes_of
from mars_nb.graph.meta import ObjectMeta
from mars_nb.graph.node import Data, Node, Source

VALUE = np.zeros(2**14)  # 128 KiB


def node() -> Node:
    return Node(Source("data_source"), (Data(VALUE),), {}, "Source", ObjectMeta())


def put(kept: Kept) -> Node:
    made = node()
    kept.put(made, Folded(made.meta, VALUE))
    return made


def test_what_is_put_is_found() -> None:
    kept, made = Kept(2**20), node()
    assert kept.use(made) is None
    kept.put(made, Folded(made.meta, 7))
    found = kept.use(made)
    assert found is not None
    assert found.value == 7
    assert found.is_current


def test_what_is_put_again_counts_once() -> None:
    kept, made = Kept(2**20), node()
    for _ in range(3):
        kept.put(made, Folded(made.meta, VALUE))
    assert kept.nbytes == VALUE.nbytes


def test_the_one_not_used_for_longest_goes_first() -> None:
    kept = Kept(4 * VALUE.nbytes)
    nodes = [put(kept) for _ in range(4)]
    kept.use(nodes[0])
    nodes.append(put(kept))
    assert [one.constant is not None for one in nodes] == [True, False, False, True, True]
    assert kept.nbytes == 3 * VALUE.nbytes


def test_nodes_that_are_gone_make_room_for_others() -> None:
    kept = Kept(8 * VALUE.nbytes)
    mine = [put(kept) for _ in range(3)]
    for _ in range(50):
        put(kept)
    gc.collect()
    assert all(one.constant is not None for one in mine)
    assert kept.nbytes <= 8 * VALUE.nbytes


def test_one_that_is_larger_than_all_room_is_let_go() -> None:
    kept = Kept(VALUE.nbytes // 2)
    assert put(kept).constant is None
    assert kept.nbytes == 0


def test_constants_do_not_travel() -> None:
    made = put(Kept(2**20))
    assert len(pickle.dumps(made)) < 2 * VALUE.nbytes
    for again in (pickle.loads(pickle.dumps(made)), copy.copy(made)):
        assert again.constant is None
        assert again.key == made.key
        assert again.op == made.op


def test_bytes() -> None:
    assert [nbytes_of(value) for value in (3, "text", np.zeros((3, 4)), np.float32(1))] == [8, 8, 96, 8]


def test_many_threads() -> None:
    kept = Kept(10 * VALUE.nbytes)
    mine: list[list[Node]] = [[] for _ in range(8)]

    def work(nodes: list[Node]) -> None:
        for _ in range(200):
            nodes.append(put(kept))
            for one in nodes[-3:]:
                kept.use(one)

    threads = [threading.Thread(target=work, args=(nodes,)) for nodes in mine]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    there = sum(one.constant is not None for nodes in mine for one in nodes)
    assert 7 <= there <= 10
    assert kept.nbytes == there * VALUE.nbytes

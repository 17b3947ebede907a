"""Random tensors denote the same numbers wherever they are executed, and are distributed as numpy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import mars_nb
import mars_nb.tensor as mt

DRAWS: dict[str, tuple[Any, ...]] = {
    "beta": (2, 3), "binomial": (5, 0.3), "chisquare": (3,), "exponential": (), "gamma": (2,), "geometric": (0.3,),
    "gumbel": (), "laplace": (), "lognormal": (), "normal": (1, 2), "pareto": (3,), "poisson": (4,), "power": (3,),
    "randint": (0, 9), "rayleigh": (), "standard_t": (5,), "triangular": (0, 1, 2), "uniform": (-1, 1),
    "vonmises": (0, 1), "wald": (1, 1), "weibull": (2,), "zipf": (3,), "hypergeometric": (5, 5, 3),
}  # fmt: skip


@pytest.fixture
def _all_in_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mt.random, "NUMPYS", 0)


@pytest.mark.usefixtures("_all_in_tiles")
@pytest.mark.parametrize("name", DRAWS)
def test_each_distribution_in_chunks(name: str) -> None:
    t = getattr(mt.random, name)(*DRAWS[name], size=(40, 30), chunk_size=17)
    values = t.execute().fetch()
    assert values.shape == t.shape
    assert values.dtype == t.dtype
    reference = getattr(np.random.RandomState(0), name)(*DRAWS[name], size=100_000)
    low, high = np.quantile(reference, [0.4, 0.6])
    assert low * 0.9 - 0.1 <= np.median(values) <= high * 1.1 + 0.1


def test_the_same_tensor_is_the_same_numbers_everywhere() -> None:
    t = mt.random.rand(50, 50, chunk_size=20)
    values = t.execute().fetch()
    with mars_nb.new_session(default=False) as other, pytest.warns(mars_nb.errors.SessionWarning):
        np.testing.assert_array_equal(t.execute(session=other).fetch(session=other), values)
    np.testing.assert_array_equal((t + 0).execute().fetch(), values)
    assert len(np.unique(values)) == values.size
    assert abs(values.mean() - 0.5) < 0.03


def test_seeds() -> None:
    for make in (mt.random.RandomState, mt.random.default_rng):
        one, other, third = (make(seed).normal(size=30, chunk_size=7).execute().fetch() for seed in (1, 1, 2))
        np.testing.assert_array_equal(one, other)
        assert not np.array_equal(one, third)
    mt.random.seed(5)
    one = mt.random.random(9).execute().fetch()
    mt.random.seed(5)
    np.testing.assert_array_equal(mt.random.random(9).execute().fetch(), one)


@pytest.mark.usefixtures("_all_in_tiles")
@pytest.mark.parametrize("make", [mt.random.RandomState, mt.random.default_rng])
@pytest.mark.parametrize("shape", [(130_000,), (400, 300), (60_000, 2), (20, 90, 70)])
def test_the_numbers_of_a_seed_do_not_depend_on_chunks(make: Any, shape: tuple[int, ...]) -> None:
    def draw(chunk_size: Any) -> Any:
        random = make(3)
        uniform = random.uniform(-1, 1, size=shape, chunk_size=chunk_size)
        others = [random.normal(2, 3, shape, chunk_size=chunk_size), random.beta(2, 3, shape, chunk_size=chunk_size)]
        return [t.execute().fetch() for t in (uniform, *others)]

    expected = draw(10**6)
    sizes = [None, 37_000, tuple(max(1, n // 3) for n in shape)]
    for size in sizes:
        for found, values in zip(draw(size), expected, strict=True):
            np.testing.assert_array_equal(found, values)
    assert [len(np.unique(values)) for values in expected] == [values.size for values in expected]
    uniform, normal, _ = expected
    assert abs(uniform.mean()) < 0.01
    assert -1 <= uniform.min() < uniform.max() < 1
    assert (normal.mean(), normal.std()) == pytest.approx((2, 3), abs=0.05)


def test_numbers_as_numpy_draws_them_do_not_depend_on_chunks_either() -> None:
    expected = np.random.RandomState(5).normal(size=(30, 20))
    for size in (None, 7, (30, 3)):
        found = mt.random.RandomState(5).normal(size=(30, 20), chunk_size=size)
        np.testing.assert_array_equal(found.execute().fetch(), expected)
        np.testing.assert_array_equal((found + 0).execute().fetch(), expected)


@pytest.mark.usefixtures("_all_in_tiles")
@pytest.mark.parametrize(
    "code", ["rand(300, 200)", "random((300, 200))", "uniform(2, 3, (300, 200))", "standard_normal((300, 200))",
             "integers(0, 99, (300, 200))", "random((300, 200), 'float32')", "exponential(2, (300, 200))"]
)  # fmt: skip
def test_what_is_drawn_in_the_blocks_is_what_is_drawn_alone(code: str) -> None:
    random = mt.random.RandomState(1) if code.startswith("rand(") else mt.random.default_rng(1)
    t = eval(f"random.{code}", {"random": random})
    doubled, values = (t * 2).execute().fetch(), t.execute().fetch()
    assert values.dtype == t.dtype
    np.testing.assert_array_equal(doubled, values * 2)


AS_NUMPY = [
    "rand(3)", "randn(3)", "randn(1)", "randint(0, 10**9)", "choice([1, 2, 3], 5)", "permutation(5)", "normal()",
    "bytes(4)", "standard_normal((2, 3))", "multinomial(5, [.2, .8])", "uniform([1, 2], 3)", "random_sample(4)",
    "dirichlet([1, 2], 3)",
]  # fmt: skip
OF_GENERATORS = [
    "random(3)",
    "integers(0, 9, (2, 2))",
    "choice(5, 2, replace=False)",
    "permuted([1, 2, 3])",
    "normal()",
]


def test_draws_of_one_chunk_are_the_numbers_of_numpy() -> None:
    mt.random.seed(3)
    legacy, generator, numpys = mt.random.RandomState(3), mt.random.default_rng(5), np.random.default_rng(5)
    reference = np.random.RandomState(3)
    lazy = [(eval(f"r.{c}", {"r": mt.random}), eval(f"r.{c}", {"r": legacy}), c) for c in AS_NUMPY]
    for one, other, code in lazy:
        expected = eval(f"r.{code}", {"r": reference})
        for found in (one.execute().fetch(), other.execute().fetch(), (other).fetch()):
            np.testing.assert_array_equal(found, expected, err_msg=code)
    for code in [*OF_GENERATORS, "spawn(2)[1].random(2)"]:
        found, expected = (eval(f"r.{code}", {"r": r}) for r in (generator, numpys))
        np.testing.assert_array_equal(found.execute().fetch(), expected, err_msg=code)
    bits = mt.random.Generator(np.random.PCG64(4))
    assert bits.random().execute().fetch() == np.random.Generator(np.random.PCG64(4)).random()
    assert bits is mt.random.default_rng(bits)


def test_state_of_the_generator() -> None:
    state = mt.random.get_state()
    one, large = mt.random.rand(3), mt.random.rand(10, chunk_size=5)
    mt.random.set_state(state)
    np.testing.assert_array_equal(one.execute().fetch(), mt.random.rand(3).execute().fetch())
    mt.random.set_state(state)
    other = mt.random.rand(10, chunk_size=5)
    mt.random.set_state(state)
    again = mt.random.rand(10, chunk_size=5)
    np.testing.assert_array_equal(other.execute().fetch(), again.execute().fetch())
    assert not np.array_equal(large.execute().fetch(), other.execute().fetch())


def test_shuffle_is_in_place() -> None:
    t = mt.arange(50)
    mt.random.shuffle(t)
    values = t.execute().fetch()
    assert sorted(values) == list(range(50))
    assert list(values) != list(range(50))


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [((10,), {}), ((2, 30, 3), {}), ((0, 1, 0.1), {}), ((10, 0, -1), {}), ((9,), {"dtype": "float32"})],
)
def test_ranges_in_chunks_round_as_numpy_does(args: Any, kwargs: Any) -> None:
    found = mt.arange(*args, **kwargs, chunk_size=4).execute().fetch()
    expected = np.arange(*args, **kwargs)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("endpoint", [True, False])
def test_linspace_in_chunks_rounds_as_numpy_does(endpoint: bool) -> None:
    for args in [(0, 1), (0, 1, 7), (3, -2, 11)]:
        found = mt.linspace(*args, endpoint=endpoint, chunk_size=3).execute().fetch()
        np.testing.assert_array_equal(found, np.linspace(*args, endpoint=endpoint))

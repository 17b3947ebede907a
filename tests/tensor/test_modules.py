"""The modules below ``mt``: all names of numpy's and of Mars's are there, and do what numpy's and scipy's do."""

from __future__ import annotations

import subprocess
import sys
import types

import numpy as np
import pytest

import mars_nb.tensor as mt

scipy_special = pytest.importorskip("scipy.special")
ARRAY = np.random.default_rng(2).random((20, 3)) + 0.1
#: Of scipy what Mars had: shown by a call of each kind.
CALLS = [
    "special.erf(a)", "special.gammaln(a)", "special.beta(a, a)", "special.xlogy(a, 2)", "special.jv(1, a)",
    "special.polygamma(1, a)", "special.multigammaln(a + 3, 2)", "special.betainc(1, 2, a / 2)", "special.airy(a)",
    "spatial.distance.cdist(a, a)", "spatial.distance.pdist(a)", "stats.ttest_ind(a[:, 0], a[:, 1])",
    "stats.ttest_rel(a[:, 0], a[:, 1])", "stats.ttest_1samp(a, 0.5)", "stats.ks_2samp(a[:, 0], a[:, 1])",
    "stats.chisquare(a[:, 0] / a[:, 0].sum())", "stats.power_divergence(a[:, 0] / a[:, 0].sum())",
    "stats.ttest_ind_from_stats(1., 2., 10, 1., 2., 12)",
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::mars_nb.errors.WholeWarning")
@pytest.mark.parametrize("code", CALLS)
def test_scipys_functions(code: str) -> None:
    import scipy.spatial.distance
    import scipy.stats

    expected = eval(code, {**vars(scipy), "a": ARRAY})
    for chunk_size in (None, 7):
        lazy = eval(code, {**vars(mt), "a": mt.tensor(ARRAY, chunk_size=chunk_size)})
        found = lazy.execute().fetch()
        for one, other in zip(found, expected, strict=False) if isinstance(expected, tuple) else [(found, expected)]:
            np.testing.assert_allclose(one, other, rtol=1e-11)


def test_results_have_scipys_names() -> None:
    result = mt.stats.ttest_ind(mt.tensor(ARRAY[:, 0]), ARRAY[:, 1])
    assert (result.statistic, result.pvalue) == tuple(result)
    assert repr(result).startswith("TtestResult(statistic=Tensor")
    assert mt.linalg.svd(mt.tensor(ARRAY)).S.shape == (3,)


@pytest.mark.parametrize("name", ["", "linalg", "fft", "random", "strings", "char", "emath", "testing", "polynomial"])
def test_all_names_of_numpy_are_there(name: str) -> None:
    original, module = (getattr(np, name), getattr(mt, name)) if name else (np, mt)
    for public in (name for name in original.__all__ if not name.startswith("_")):
        assert public in dir(module)
        value = getattr(module, public)
        is_kind = isinstance(getattr(original, public), type | types.ModuleType)
        assert is_kind or not callable(value) or str(value.__module__).startswith("mars_nb"), public


def test_all_members_of_arrays_are_there() -> None:
    assert not [name for name in dir(np.ndarray) if not name.startswith("_") and not hasattr(mt.Tensor, name)]
    ufunc = [name for name in dir(np.add) if not name.startswith("_")]
    assert all(hasattr(mt.add, name) for name in ufunc)
    for method in ("to_gpu", "to_cpu"):
        with pytest.raises(AttributeError, match="processor"):
            getattr(mt.ones(3), method)()


def test_modules_can_be_imported() -> None:
    from mars_nb.tensor.linalg import norm
    from mars_nb.tensor.spatial.distance import cdist

    assert norm is mt.linalg.norm
    assert cdist is mt.spatial.distance.cdist
    with pytest.raises(AttributeError, match="did you mean 'norm'"):
        _ = mt.linalg.nrm


def test_without_scipy_the_error_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['scipy'] = None\n"
        "import mars_nb.tensor as mt\n"
        "assert 'special' in dir(mt)\n"
        "try: mt.special.erf(1)\n"
        "except ModuleNotFoundError as error: print(error)\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "pip install scipy" in told

"""Golden values for @espalier/search from SciPy: run `python tools/golden/search.py`, with scipy 1.17.1 and mpmath installed.

Writes packages/search/test/golden/scipy.json, and prints the direction numbers of src/numeric/sobol-directions.ts.
"""

import json
import pathlib

import numpy as np
import scipy.linalg
import scipy.special as special
import scipy.stats as stats

generator = np.random.default_rng(0)


def table(fn, points):
    return [[float(x), float(fn(x))] for x in points]


def matrix(size):
    factor = generator.normal(size=(size, size)).round(2)
    return factor @ factor.T + np.eye(size)


def linear(size):
    a, b = matrix(size), generator.normal(size=size).round(2)
    values, _ = np.linalg.eigh(a)
    return {
        "matrix": a.tolist(),
        "right": b.tolist(),
        "cholesky": np.linalg.cholesky(a).tolist(),
        "solution": scipy.linalg.solve(a, b, assume_a="pos").tolist(),
        "eigenvalues": values.tolist(),
    }


def truncated(mean, sigma):
    law = stats.truncnorm((0 - mean) / sigma, (1 - mean) / sigma, mean, sigma)
    inside = [0.001, 0.1, 0.37, 0.5, 0.92, 0.999]
    return {
        "mean": mean,
        "sigma": sigma,
        "logDensity": table(law.logpdf, inside),
        "quantile": table(law.ppf, inside),
    }


def matern(size, dimensions):
    """A Gaussian process with Matern-5/2 kernel: its posterior and log marginal likelihood."""
    scales, signal, noise = np.linspace(0.3, 0.9, dimensions), 1.3, 0.01

    def kernel(left, right):
        r = np.sqrt((((left[:, None] - right[None]) / scales) ** 2).sum(-1))
        return signal * (1 + np.sqrt(5) * r + 5 / 3 * r**2) * np.exp(-np.sqrt(5) * r)

    x = generator.uniform(size=(size, dimensions)).round(3)
    y = generator.normal(size=size).round(3)
    at = generator.uniform(size=(4, dimensions)).round(3)
    k = kernel(x, x) + noise * np.eye(size)
    cross = kernel(at, x)
    mean = cross @ np.linalg.solve(k, y)
    variance = signal - np.einsum("ij,ji->i", cross, np.linalg.solve(k, cross.T))
    likelihood = stats.multivariate_normal(np.zeros(size), k).logpdf(y)
    return {
        "scales": scales.tolist(), "signal": signal, "noise": noise, "x": x.tolist(), "y": y.tolist(), "at": at.tolist(),
        "mean": mean.tolist(), "variance": variance.tolist(), "logLikelihood": float(likelihood),
    }  # fmt: skip


def log_expected_improvement(z):
    """log(phi(z) + z Phi(z)), by quadrature where the closed form cancels."""
    import mpmath

    with mpmath.workdps(60):
        z = mpmath.mpf(z)
        return mpmath.log(mpmath.npdf(z) + z * mpmath.ncdf(z))


tails = [-38, -30, -12, -6.5, -3, -1, -0.3, -1e-9, 0, 1e-5, 0.4, 0.5, 1, 2.5, 4.1, 6, 9]
golden = {
    "erf": table(special.erf, tails),
    "erfc": table(special.erfc, [x for x in tails if x < 26]),
    "erfcx": table(special.erfcx, [0, 0.2, 0.5, 1, 3, 4.5, 12, 1e5]),
    "logCdf": table(special.log_ndtr, tails),
    "quantile": table(special.ndtri, [1e-200, 1e-20, 1e-5, 0.02, 0.024, 0.3, 0.5, 0.6, 0.976, 0.999999]),
    "logImprovement": table(log_expected_improvement, [-1e4, -200, -30, -8, -3, -1, -0.5, 0, 0.7, 3, 40]),
    "truncated": [truncated(0.5, 0.2), truncated(0.02, 0.05), truncated(0.99, 1), truncated(-0.5, 0.1), truncated(1.2, 0.3)],
    "linear": [linear(1), linear(4), linear(9)],
    "matern": [matern(5, 1), matern(9, 3)],
    "sobol": {
        "first": stats.qmc.Sobol(8, scramble=False).random(16).tolist(),
        "later": stats.qmc.Sobol(256, scramble=False).fast_forward(1000).random(1)[0].tolist(),
    },
}

path = pathlib.Path(__file__).parents[2] / "packages/search/test/golden/scipy.json"
path.write_text(json.dumps(golden) + "\n")


def direction_numbers(dimensions):
    """Joe and Kuo's polynomials and initial numbers as bits, six to a character; the first dimension needs none."""
    data = np.load(pathlib.Path(stats.__file__).parent / "_sobol_direction_numbers.npz")
    bits, degrees = "", []
    for poly, initial in zip(data["poly"][1:dimensions], data["vinit"][1:dimensions]):
        degree = int(poly).bit_length() - 1
        degrees.append(degree)
        if degree > 1:
            bits += f"{(int(poly) >> 1) & ((1 << (degree - 1)) - 1):0{degree - 1}b}"
        for index in range(1, degree):
            bits += f"{(int(initial[index]) - 1) // 2:0{index}b}"
    bits += "0" * (-len(bits) % 6)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    text = "".join(alphabet[int(bits[at : at + 6], 2)] for at in range(0, len(bits), 6))
    return [degrees.count(degree) for degree in range(1, max(degrees) + 1)], text


counts, text = direction_numbers(256)
print(counts)
for at in range(0, len(text), 100):
    print(text[at : at + 100])

"""What the explorer works out in the page is what the core has, and the KL is that of decimals."""

import base64
from decimal import Decimal, localcontext
from itertools import product

import pytest
import torch
from harness import ROOT

from diffusion import NoiseSchedule

RATES = (ROOT / "diffusion/teaching/widgets/rates.js").read_text("utf-8")
LOAD = f"() => {{ {RATES} Object.assign(window, {{ linspace, ratesOf, klFromNoise }}); }}"
# As text: a list of numbers would take far longer on its way.
TABLES = """(given) => {
    const betas = given.list ?? linspace(...given.ends);
    const text = (values) => {
        let all = "";
        for (const byte of new Uint8Array(Float64Array.from(values).buffer))
            all += String.fromCharCode(byte);
        return btoa(all);
    };
    const tables = Object.entries({ betas, ...ratesOf(betas) });
    return Object.fromEntries(tables.map(([name, values]) => [name, text(values)]));
}"""
BETAS = [1e-5, 0.02, 0.3, 0.999]
TIME_STEPS = [1, 2, 50, 1000, 10_000]


@pytest.fixture(scope="module")
def page(chromium):
    page = chromium.new_page()
    page.evaluate(LOAD)
    yield page
    page.close()


def tables(page, **given):
    """β and the rates as the page has them: of β_start, β_end and T, or of a list of β."""
    return {
        name: torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.float64)
        for name, text in page.evaluate(TABLES, given).items()
    }


def assert_rates(found, schedule):
    t = torch.arange(len(schedule) + 1)
    expected = {
        "alpha_bars": schedule.alpha_bar(t, torch.float64),
        "signal_rates": schedule.signal_rate(t, torch.float64),
        "noise_rates": schedule.noise_rate(t, torch.float64),
    }
    logs = torch.log1p(-schedule.beta(t[1:], torch.float64)).cumsum(0)
    expected["log_alpha_bars"] = torch.cat([torch.zeros(1), logs])
    for name, exact in expected.items():
        assert len(found[name]) == len(t)
        close = (found[name] - exact).abs() <= 1e-12 * exact.abs()
        tiny = (exact.abs() < 1e-300) & (found[name].abs() < 1e-300)
        assert (close | tiny).all(), name
    # A logarithm passes through 0, where ᾱ = ½: there, digits are counted from 1 on.
    log_snrs = schedule.log_snr(t, torch.float64)
    torch.testing.assert_close(found["log_snrs"], log_snrs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("time_steps", TIME_STEPS)
def test_rates_are_those_of_the_core(page, time_steps):
    for first, last in product(BETAS, BETAS):
        found = tables(page, ends=(first, last, time_steps))
        exact = torch.linspace(first, last, time_steps, dtype=torch.float64)
        torch.testing.assert_close(found["betas"], exact, rtol=1e-15, atol=0)
        assert found["betas"][0] == first
        assert found["betas"][-1] == last or time_steps == 1
        assert_rates(found, NoiseSchedule(first, last, time_steps))


@pytest.mark.parametrize(
    "betas",
    [
        torch.linspace(0.999, 0.001, 500, dtype=torch.float64).tolist(),
        [1e-9, 0.99] * 100,
        [1e-12] * 1000,
        [0.999999] * 200,
        [1e-300, 1e-12, 0.5, 0.999999, 1 - 2**-53],
    ],
    ids=["falling", "tiny and huge", "next to nothing", "next to all", "from end to end"],
)
def test_rates_of_any_list_are_those_of_the_core(page, betas):
    assert_rates(tables(page, list=betas), NoiseSchedule.from_betas(betas))


@pytest.mark.parametrize("squares", [1e-3, 0.25, 1.0])  # x² on average
@pytest.mark.parametrize("log", [-1e-12, -1e-4, -0.1, -0.69, -0.7, -2.0, -10.0, -27.6, -100.0])
def test_kl_is_that_of_the_two_normals(page, log, squares):
    count = 3 * 64 * 64
    kl = page.evaluate("(given) => klFromNoise(...given)", [log, squares * count, count])
    with localcontext() as context:
        context.prec = 60
        # KL(N(m, v) ‖ N(0, 1)) = ½ (v + m² − 1 − log v), with m² = ᾱ x² and v = 1 − ᾱ.
        alpha_bar = Decimal(log).exp()
        variance = 1 - alpha_bar
        rest = count * (variance - 1 - variance.ln())
        exact = (alpha_bar * Decimal(squares * count) + rest) / 2
    assert kl == pytest.approx(float(exact), rel=1e-9, abs=0)

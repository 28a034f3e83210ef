"""What the explorer works out in the page is what the core has, and the KL is that of decimals."""

import base64
from decimal import Decimal, localcontext
from itertools import product

import pytest
import torch
from harness import ROOT

from diffusion import NoiseSchedule

RATES = (ROOT / "diffusion/teaching/widgets/rates.js").read_text("utf-8")
NAMES = "linspace, ratesOf, klFromNoise, betasFrom, SCHEDULES"
LOAD = f"() => {{ {RATES} Object.assign(window, {{ {NAMES} }}); }}"
# As text: a list of numbers would take far longer on its way.
TABLES = """(given) => {
    const { list, ends, shape, numbers, curve } = given;
    const betas = list ?? (ends ? linspace(...ends) : curve ? betasFrom(...curve)
        : SCHEDULES[shape](...numbers));
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
    """β and the rates as the page has them.

    `ends` is β_start, β_end and T, `list` is of β, `shape` has a name and wants `numbers`, and
    `curve` is what betasFrom is given.
    """
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


LINES = {
    "linear": NoiseSchedule.linear,
    "scaled linear": NoiseSchedule.scaled_linear,
    "constant": lambda first, last, T: NoiseSchedule.constant(first, T),
}


@pytest.mark.parametrize("time_steps", TIME_STEPS)
@pytest.mark.parametrize("shape", LINES)
def test_schedules_that_name_their_betas_are_those_of_the_core(page, shape, time_steps):
    for first, last in [(0.00085, 0.012), (1e-5, 0.999), (0.3, 0.02)]:
        schedule = LINES[shape](first, last, time_steps)
        found = tables(page, shape=shape, numbers=(time_steps, first, last))
        t = torch.arange(1, time_steps + 1)
        torch.testing.assert_close(
            found["betas"], schedule.beta(t, torch.float64), rtol=1e-13, atol=0
        )
        assert_rates(found, schedule)


def assert_rates_from_alpha_bars(found, schedule):
    """The same where β comes from ᾱ.

    ᾱ_1 is a float near 1, and the cosine, or the exponential, of the page may differ from Python's
    in its last digit. So 1 − ᾱ_t is compared as far as that digit goes, and so is what follows
    from it; β_1 itself differs by 1e-12.
    """
    t = torch.arange(1, len(schedule) + 1)
    signal, noise, log_snr = (
        look_up(t, torch.float64)
        for look_up in (schedule.signal_rate, schedule.noise_rate, schedule.log_snr)
    )
    found = {name: values[-len(t) :] for name, values in found.items()}
    torch.testing.assert_close(found["signal_rates"], signal, rtol=1e-12, atol=0)
    torch.testing.assert_close(found["noise_rates"] ** 2, noise**2, rtol=1e-12, atol=5e-16)
    off = (found["log_snrs"] - log_snr).abs()
    assert (off <= 1e-12 * (1 + log_snr.abs()) + 5e-16 / noise**2).all()
    clipped = schedule.beta(t, torch.float64) >= 0.999
    assert torch.equal(found["betas"] >= 0.999, clipped)


FROM_ALPHA_BARS = {
    "cosine": NoiseSchedule.cosine,
    "sigmoid": NoiseSchedule.sigmoid,
    "scaled linear, rescaled": lambda T: NoiseSchedule.scaled_linear(time_steps=T).rescaled(),
}


@pytest.mark.parametrize("time_steps", TIME_STEPS[1:])  # one step cannot be rescaled
@pytest.mark.parametrize("shape", FROM_ALPHA_BARS)
def test_schedules_that_name_their_alpha_bars_are_those_of_the_core(page, shape, time_steps):
    found = tables(page, shape=shape, numbers=(time_steps, 0.00085, 0.012))
    assert_rates_from_alpha_bars(found, FROM_ALPHA_BARS[shape](time_steps))


def test_all_schedules_of_the_page_are_compared(page):
    assert set(page.evaluate("Object.keys(SCHEDULES)")) == {*LINES, *FROM_ALPHA_BARS}


CURVES = {
    "straight": [1 - t / 200 for t in range(1, 201)],
    "a cliff": [0.9] * 100 + [1e-9] * 100,
    "up and down": [0.9, 0.5, 0.7, 1.0, 0.6, 0.2, 0.0, 0.3],
    "nothing left": [0.5] + [0.0] * 300,
}


@pytest.mark.parametrize("limits", [(0.999, 0), (0.999, 1e-6), (0.5, 0.01)])
@pytest.mark.parametrize("curve", CURVES)
def test_any_curve_is_followed_as_far_as_beta_may_go(page, curve, limits):
    most, least = limits
    found = tables(page, curve=[CURVES[curve], *limits])["betas"].tolist()
    with localcontext() as context:
        context.prec = 60
        left = Decimal(1)  # where these β have led
        for alpha_bar, beta in zip(CURVES[curve], found, strict=True):
            exact = min(max(1 - Decimal(alpha_bar) / left, Decimal(least)), Decimal(most))
            assert beta == pytest.approx(float(exact), rel=1e-12, abs=1e-13)
            assert least <= beta <= most
            left *= 1 - Decimal(beta)


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

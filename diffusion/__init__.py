"""The forward (noising) process of diffusion models, and the way back: small, exact.

The names follow Ho et al. 2020, "Denoising Diffusion Probabilistic Models" (DDPM).
"""

from diffusion.forward_process import collapse_noise, forward_chain, forward_step, q_sample
from diffusion.noise_schedule import NoiseSchedule
from diffusion.reverse_process import ancestral_step, posterior, predict_x_0, sample
from diffusion.training_utils import sample_xt

__all__ = [
    "NoiseSchedule",
    "ancestral_step",
    "collapse_noise",
    "forward_chain",
    "forward_step",
    "posterior",
    "predict_x_0",
    "q_sample",
    "sample",
    "sample_xt",
]

"""Reference trajectories of samplers that only k-diffusion has, made with its own sampling.py (commit 4601bf0).

    python k_diffusion_samplers.py PATH/k_diffusion/sampling.py ../k-diffusion
"""
import json, sys, types
from pathlib import Path

import torch
from safetensors.torch import save_file


def load(path):
    source = Path(path).read_text().replace("from torchdiffeq import odeint", "").replace("from . import utils", "")
    module = types.ModuleType("sampling")
    module.utils = types.SimpleNamespace(append_dims=lambda x, n: x[(...,) + (None,) * (n - x.ndim)])
    exec(compile(source, path, "exec"), module.__dict__)
    return module


def main():
    sampling, out, s = load(sys.argv[1]), Path(sys.argv[2]), 0.5
    gen = torch.Generator().manual_seed(3)
    mu, start = torch.randn(1, 2, 4, 4, generator=gen), torch.randn(1, 2, 4, 4, generator=gen)
    tensors, rows = dict(mu=mu, start=start), []
    for name in ("dpmpp_2s_ancestral", "dpmpp_3m_sde"):
        for steps in (2, 3, 9, 20):
            sigmas = sampling.get_sigmas_karras(steps, 0.03, 14.6)
            xs, noises, row = [], [], f"{name}_{steps}"

            def denoise(x, sigma, **_):
                xs.append(x.clone())
                v = float(sigma[0])**2
                return mu + s**2 / (s**2 + v) * (x - mu)

            def noise(*_):
                noises.append(torch.randn(mu.shape, generator=gen))
                return noises[-1]

            result = getattr(sampling, f"sample_{name}")(denoise, start * sigmas[0], sigmas, disable=True, noise_sampler=noise)
            tensors[f"{row}/x"], tensors[f"{row}/sigmas"] = torch.cat(xs + [result]), sigmas
            if noises: tensors[f"{row}/noise"] = torch.cat(noises)
            rows.append(dict(name=row, sampler=name))
    (out / "expected").mkdir(parents=True, exist_ok=True)
    save_file({k: v.contiguous() for k, v in tensors.items()}, out / "expected/tensors.safetensors")
    (out / "case.json").write_text(json.dumps(dict(case="k-diffusion", s=s, rows=rows, torch=torch.__version__), indent=1) + "\n")


if __name__ == "__main__":
    main()

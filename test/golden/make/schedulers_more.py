"""More reference trajectories of diffusers' schedulers: image-to-image starts, long runs, and options beside the usual ones.

    python schedulers_more.py ../schedulers-more

Writes table.json and expected/tensors.safetensors as ../schedulers has them, with `strength` where a run begins late.
"""
import inspect, json, math, sys, warnings
from pathlib import Path

import diffusers, numpy as np, torch
from safetensors.torch import save_file

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
S = 0.5
GEN = torch.Generator().manual_seed(11)
MU, START = torch.randn(1, 2, 4, 4, generator=GEN), torch.randn(1, 2, 4, 4, generator=GEN)
SD = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")


def table():
    rows = []

    def add(name, cls, steps, strength=1.0, step=None, mu=None, **config):
        rows.append(dict(name=name, scheduler=cls + "Scheduler", steps=steps, strength=strength, step=step or {},
                         set_timesteps={} if mu is None else {"mu": mu}, config=config))

    leading = dict(SD, timestep_spacing="leading", steps_offset=1)
    vp = dict(clip_sample=False, set_alpha_to_one=False)
    for strength in (0.35, 0.6, 0.85):
        tag = f"strength_{strength}"
        add(f"ddim_{tag}", "DDIM", 10, strength, **leading, **vp)
        add(f"ddpm_{tag}", "DDPM", 10, strength, **leading, clip_sample=False)
        add(f"pndm_{tag}", "PNDM", 10, strength, **leading, skip_prk_steps=True)
        add(f"lcm_{tag}", "LCM", 8, strength, **SD)
        add(f"tcd_{tag}", "TCD", 8, strength, **SD)
        for n, cls in (("euler", "EulerDiscrete"), ("euler_ancestral", "EulerAncestralDiscrete"), ("lms", "LMSDiscrete"), ("heun", "HeunDiscrete"),
                       ("dpm2", "KDPM2Discrete"), ("dpm2_ancestral", "KDPM2AncestralDiscrete"), ("dpmpp_2m", "DPMSolverMultistep"),
                       ("dpmpp_2s", "DPMSolverSinglestep"), ("unipc", "UniPCMultistep"), ("deis", "DEISMultistep")):
            add(f"{n}_{tag}", cls, 10, strength, **(SD if "Single" in cls else leading))
        add(f"dpmpp_3m_{tag}", "DPMSolverMultistep", 20, strength, **leading, solver_order=3)
        add(f"dpmpp_3s_{tag}", "DPMSolverSinglestep", 11, strength, **SD, solver_order=3)
        add(f"flow_{tag}", "FlowMatchEulerDiscrete", 10, strength, shift=3.0)
        add(f"flow_heun_{tag}", "FlowMatchHeunDiscrete", 10, strength, shift=3.0)
    for steps in (1, 2, 3, 4, 15, 25, 50):
        for n, cls in (("euler", "EulerDiscrete"), ("lms", "LMSDiscrete"), ("heun", "HeunDiscrete"), ("dpm2", "KDPM2Discrete"),
                       ("dpm2_ancestral", "KDPM2AncestralDiscrete"), ("dpmpp_2m", "DPMSolverMultistep"), ("dpmpp_2s", "DPMSolverSinglestep"),
                       ("unipc", "UniPCMultistep"), ("deis", "DEISMultistep"), ("ddim", "DDIM"), ("ddpm", "DDPM")):
            add(f"{n}_{steps}_steps", cls, steps, **SD, **(dict(clip_sample=False) if cls.startswith("DD") else {}))
        add(f"pndm_{steps}_steps", "PNDM", steps, **leading, skip_prk_steps=True)
        add(f"lcm_{steps}_steps", "LCM", steps, **SD)
        add(f"tcd_{steps}_steps", "TCD", steps, **SD)
        add(f"flow_{steps}_steps", "FlowMatchEulerDiscrete", steps, shift=1.7)
        if steps > 2:
            for order in (2, 3):
                add(f"dpmsolver_{order}_{steps}_steps", "DPMSolverMultistep", steps, **SD, solver_order=order, algorithm_type="dpmsolver", final_sigmas_type="sigma_min")
                # Third-order weights of diffusers are float32 differences; in long runs their rounding outgrows any tolerance.
                if order == 2 or steps < 50: add(f"deis_{order}_{steps}_steps", "DEISMultistep", steps, **SD, solver_order=order, use_karras_sigmas=True)
                add(f"unipc_{order}_{steps}_steps", "UniPCMultistep", steps, **SD, solver_order=order, use_karras_sigmas=True)
    for alg, final in (("dpmsolver", "sigma_min"), ("dpmsolver++", "zero"), ("sde-dpmsolver++", "zero")):
        for order in (2, 3):
            for kind in ("midpoint", "heun"):
                add(f"single_{alg}_{order}_{kind}", "DPMSolverSinglestep", 12, **SD, algorithm_type=alg, solver_order=order, solver_type=kind, final_sigmas_type=final)
                add(f"multi_{alg}_{order}_{kind}", "DPMSolverMultistep", 12, **SD, algorithm_type=alg, solver_order=order, solver_type=kind, final_sigmas_type=final)
    add("multi_sde-dpmsolver_2_heun", "DPMSolverMultistep", 12, **SD, algorithm_type="sde-dpmsolver", solver_type="heun", final_sigmas_type="sigma_min")
    add("single_lower_final", "DPMSolverSinglestep", 9, **SD, solver_order=3, lower_order_final=True)
    add("single_no_lower_final", "DPMSolverSinglestep", 9, **SD, solver_order=3, lower_order_final=False, final_sigmas_type="sigma_min")
    add("single_lambda_clip", "DPMSolverSinglestep", 8, beta_schedule="squaredcos_cap_v2", lambda_min_clipped=-5.1)
    for sig in ("karras", "exponential", "beta"):
        for final in ("zero", "sigma_min"):
            for n, cls in (("dpmpp_2m", "DPMSolverMultistep"), ("unipc", "UniPCMultistep"), ("euler", "EulerDiscrete"), ("dpmpp_2s", "DPMSolverSinglestep")):
                add(f"{n}_{sig}_{final}", cls, 9, **SD, **{f"use_{sig}_sigmas": True}, final_sigmas_type=final)
    add("karras_sigma_range", "EulerDiscrete", 9, **SD, use_karras_sigmas=True, sigma_min=0.1, sigma_max=10.0)
    add("exponential_sigma_range", "EulerDiscrete", 9, **SD, use_exponential_sigmas=True, sigma_min=0.1, sigma_max=10.0)
    add("unipc_sigma_range", "UniPCMultistep", 9, **SD, use_karras_sigmas=True, sigma_min=0.1, sigma_max=10.0)
    for spacing in ("leading", "trailing"):
        add(f"euler_karras_{spacing}", "EulerDiscrete", 9, **SD, use_karras_sigmas=True, timestep_spacing=spacing)
        add(f"dpmpp_2m_karras_{spacing}", "DPMSolverMultistep", 9, **SD, use_karras_sigmas=True, timestep_spacing=spacing)
        add(f"heun_beta_{spacing}", "HeunDiscrete", 9, **SD, use_beta_sigmas=True, timestep_spacing=spacing)
    for pred in ("epsilon", "sample", "v_prediction"):
        add(f"unipc_noise_{pred}", "UniPCMultistep", 9, **SD, predict_x0=False, prediction_type=pred, final_sigmas_type="sigma_min")
        add(f"dpmsolver_{pred}", "DPMSolverMultistep", 9, **SD, algorithm_type="dpmsolver", prediction_type=pred, final_sigmas_type="sigma_min")
    add("unipc_no_lower_final", "UniPCMultistep", 9, **SD, solver_order=3, lower_order_final=False, final_sigmas_type="sigma_min")
    for n, cls in (("dpmpp_2m", "DPMSolverMultistep"), ("unipc", "UniPCMultistep"), ("deis", "DEISMultistep"), ("dpmpp_2s", "DPMSolverSinglestep")):
        add(f"{n}_thresholding", cls, 9, **SD, thresholding=True, sample_max_value=1.2, dynamic_thresholding_ratio=0.9)
        if cls != "DPMSolverSinglestep":
            add(f"{n}_flow", cls, 9, **SD, use_flow_sigmas=True, flow_shift=5.0, prediction_type="flow_prediction")
    add("dpmpp_2s_flow", "DPMSolverSinglestep", 9, **SD, use_flow_sigmas=True, flow_shift=5.0, prediction_type="flow_prediction")
    add("dpmpp_2m_flow_mu", "DPMSolverMultistep", 9, mu=0.8, use_flow_sigmas=True, use_dynamic_shifting=True, prediction_type="flow_prediction")
    add("unipc_flow_mu", "UniPCMultistep", 9, mu=0.8, use_flow_sigmas=True, use_dynamic_shifting=True, prediction_type="flow_prediction")
    add("unipc_flow_terminal", "UniPCMultistep", 9, use_flow_sigmas=True, flow_shift=3.0, shift_terminal=0.1, prediction_type="flow_prediction")
    add("unipc_flow_karras", "UniPCMultistep", 9, **SD, use_flow_sigmas=True, use_karras_sigmas=True, prediction_type="flow_prediction")
    add("heun_clip", "HeunDiscrete", 9, **SD, clip_sample=True, clip_sample_range=0.9)
    add("ddim_thresholding", "DDIM", 9, **SD, clip_sample=False, thresholding=True, sample_max_value=1.3)
    add("lcm_clip", "LCM", 6, **SD, clip_sample=True, clip_sample_range=0.9)
    add("pndm_alpha_one", "PNDM", 9, **leading, skip_prk_steps=True, set_alpha_to_one=True)
    add("pndm_prk_v", "PNDM", 9, **SD, prediction_type="v_prediction")
    add("pndm_linear_default", "PNDM", 12)
    add("trained_betas", "EulerDiscrete", 6, trained_betas=[0.001 + 0.0001 * i for i in range(100)], num_train_timesteps=100)
    add("short_training", "DDIM", 6, num_train_timesteps=100, **vp)
    add("edm_v", "EDMEuler", 7, prediction_type="v_prediction")
    add("edm_sigma_min", "EDMEuler", 7, final_sigmas_type="sigma_min")
    add("edm_sde", "EDMDPMSolverMultistep", 7, algorithm_type="sde-dpmsolver++")
    add("edm_exponential_heun", "EDMDPMSolverMultistep", 7, sigma_schedule="exponential", solver_type="heun", sigma_data=0.7)
    add("ddpm_sigmoid", "DDPM", 8, beta_schedule="sigmoid", beta_start=0.0001, beta_end=0.02, clip_sample=False)
    add("ddpm_laplace", "DDPM", 8, beta_schedule="laplace", clip_sample=False)
    add("heun_exp", "HeunDiscrete", 8, beta_schedule="exp")
    for eta in (0.2, 1.0):
        add(f"ddim_eta_{eta}_trailing", "DDIM", 9, 1.0, dict(eta=eta), **SD, **vp, timestep_spacing="trailing")
    return rows


def network(sch):
    """E[x0|x] for x0 ~ N(MU, S^2) in the scheduler's prediction type."""
    name, config = type(sch).__name__, sch.config
    flow = name.startswith("FlowMatch") or config.prediction_type == "flow_prediction"

    def edm(x_in, t):
        sigma, d = math.exp(4 * float(t)), config.sigma_data
        x = x_in * (sigma**2 + d**2)**0.5
        x0 = MU + S**2 / (S**2 + sigma**2) * (x - MU)
        return (x0 - d**2 / (sigma**2 + d**2) * x) / (sigma * d / (sigma**2 + d**2)**0.5) * (-1 if config.prediction_type == "v_prediction" else 1)

    def net(x, t):
        t = float(t)
        if flow:
            a, b = 1 - t / 1000, t / 1000
        else:
            table = sch.alphas_cumprod.double().numpy()
            bar = float(np.interp(t, np.arange(len(table)), table))
            a, b = bar**0.5, (1 - bar)**0.5
        x0 = MU + a * S**2 / (a**2 * S**2 + b**2) * (x - a * MU)
        if not flow and config.prediction_type == "sample": return x0
        eps = (x - a * x0) / max(b, 1e-8)
        return eps - x0 if flow else eps if config.prediction_type == "epsilon" else a * eps - b * x0
    return edm if name.startswith("EDM") else net


def run(row, tensors):
    cls = getattr(diffusers, row["scheduler"])
    sch = cls(**row["config"])
    sch.set_timesteps(row["steps"], **row["set_timesteps"])
    begin = row["steps"] - min(int(row["steps"] * row["strength"]), row["steps"])
    timesteps = sch.timesteps[begin * sch.order:]
    if begin and hasattr(sch, "set_begin_index"): sch.set_begin_index(begin * sch.order)
    add = sch.scale_noise if hasattr(sch, "scale_noise") else lambda x0, t, noise: sch.add_noise(x0, noise, t)
    if begin == 0: x = START * (1.0 if row["scheduler"].startswith("FlowMatch") else float(sch.init_noise_sigma))
    elif "FlowMatchHeun" in row["scheduler"]: x = add(MU, timesteps[0], START)
    else: x = add(MU, timesteps[:1], START)
    net, gen = network(sch), torch.Generator().manual_seed(5)
    accepted = inspect.signature(sch.step).parameters
    noises, xs, scaled = [], [x], []
    randn = torch.randn

    def draw(*a, **k):
        noises.append(randn(*a, **k))
        return noises[-1].clone()

    for t in timesteps:
        xin = sch.scale_model_input(x, t) if hasattr(sch, "scale_model_input") else x
        out = net(xin, t).float()
        torch.randn = draw
        try:
            x = sch.step(out, t, x, **row["step"], **(dict(generator=gen) if "generator" in accepted else {}))[0]
        finally:
            torch.randn = randn
        xs.append(x)
        scaled.append(xin)
    assert torch.isfinite(x).all(), row["name"]
    name = row["name"]
    tensors[f"{name}/x"] = torch.cat(xs)
    if not torch.equal(torch.cat(scaled), torch.cat(xs[:-1])): tensors[f"{name}/scaled"] = torch.cat(scaled)
    if noises: tensors[f"{name}/noise"] = torch.cat(noises)
    tensors[f"{name}/timesteps"] = timesteps.float()
    if torch.is_tensor(getattr(sch, "sigmas", None)): tensors[f"{name}/sigmas"] = sch.sigmas.float()
    row["init_noise_sigma"] = float(getattr(sch, "init_noise_sigma", 1.0))


def main():
    out = Path(sys.argv[1])
    tensors, kept = dict(mu=MU, start=START), []
    for row in table():
        try:
            run(row, tensors)
            kept.append(row)
        except Exception as e:
            print("refused", row["name"], type(e).__name__, str(e)[:100])
    (out / "expected").mkdir(parents=True, exist_ok=True)
    save_file({k: v.contiguous().clone() for k, v in tensors.items()}, out / "expected/tensors.safetensors")
    (out / "table.json").write_text(json.dumps(kept, indent=1) + "\n")
    (out / "case.json").write_text(json.dumps(dict(case="schedulers-more", s=S, cases=len(kept), versions=dict(torch=torch.__version__, diffusers=diffusers.__version__))) + "\n")
    print(len(kept), "rows")


if __name__ == "__main__":
    main()

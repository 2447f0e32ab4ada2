// Training noise schedules: betas and the cumulative products of 1 - beta, rounded to float32 where torch rounds.

export const BETA_SCHEDULES = ["linear", "scaled_linear", "squaredcos_cap_v2", "sigmoid", "laplace", "exp"] as const;

export type BetaSchedule = (typeof BETA_SCHEDULES)[number];

/** The training schedule of a diffusion model, in the words of its scheduler_config.json. */
export interface BetaConfig {
  readonly num_train_timesteps: number;
  readonly beta_start: number;
  readonly beta_end: number;
  readonly beta_schedule: BetaSchedule;
  readonly trained_betas: readonly number[] | null;
  readonly rescale_betas_zero_snr: boolean;
}

const f32 = Math.fround;

/** alpha-bar for every training timestep: the share of signal power left, descending. */
export function alphasCumprod(config: BetaConfig): Float32Array {
  const betas = trainingBetas(config);
  const products = cumulativeProducts(betas.map((beta) => 1 - beta));
  return config.rescale_betas_zero_snr ? cumulativeProducts(zeroTerminalSnr(products)) : products;
}

function trainingBetas(config: BetaConfig): Float32Array {
  const { num_train_timesteps: count, beta_start: start, beta_end: end } = config;
  if (config.trained_betas) return Float32Array.from(config.trained_betas);
  switch (config.beta_schedule) {
    case "linear":
      return linspace32(start, end, count);
    case "scaled_linear":
      return linspace32(Math.sqrt(start), Math.sqrt(end), count).map((root) => root * root);
    case "sigmoid":
      return linspace32(-6, 6, count).map((x) => f32(1 / (1 + Math.exp(-x))) * (end - start) + start);
    case "squaredcos_cap_v2":
      return betasOf(cosine, count);
    case "laplace":
      return betasOf(laplace, count);
    case "exp":
      return betasOf((t) => Math.exp(-12 * t), count);
  }
}

/** `torch.linspace` in float32: from the near end on each half, product and sum rounded once. */
function linspace32(start: number, end: number, count: number): Float32Array {
  const [first, last] = [f32(start), f32(end)];
  const step = f32(f32(last - first) / (count - 1));
  return Float32Array.from({ length: count }, (_, i) =>
    i < Math.floor(count / 2) ? first + step * i : last - step * (count - 1 - i),
  );
}

/** Betas whose products follow a continuous alpha-bar, none above 0.999 (Nichol and Dhariwal 2021). */
function betasOf(alphaBar: (t: number) => number, count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) =>
    Math.min(1 - alphaBar((i + 1) / count) / alphaBar(i / count), 0.999),
  );
}

const cosine = (t: number): number => Math.cos((((t + 0.008) / 1.008) * Math.PI) / 2) ** 2;

function laplace(t: number): number {
  const side = 0.5 - t < 0 ? -1 : 1;
  const snr = Math.exp(-0.5 * side * Math.log(1 - 2 * Math.abs(0.5 - t) + 1e-6));
  return Math.sqrt(snr / (1 + snr));
}

function cumulativeProducts(alphas: Float32Array): Float32Array {
  let product = 1;
  return alphas.map((alpha) => (product *= alpha));
}

/** Alphas whose last product is 0: no signal at the last timestep (Lin et al. 2023, algorithm 1). */
function zeroTerminalSnr(products: Float32Array): Float32Array {
  const roots = products.map(Math.sqrt);
  const first = roots[0]!;
  const last = roots.at(-1)!;
  const stretch = f32(first / f32(first - last));
  const bars = roots.map((root) => f32(f32(root - last) * stretch) ** 2);
  return bars.map((bar, i) => 1 - f32(1 - (i === 0 ? bar : f32(bar / bars[i - 1]!))));
}

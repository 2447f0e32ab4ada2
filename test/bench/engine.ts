// The picture engine at the full size of Stable Diffusion 1.5, measured from outside: the command as a user runs it.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { installFolder } from "../../daemon/src/base/install.ts";
import { graph, input } from "../../daemon/src/onnx/graph.ts";
import { hoist } from "../../daemon/src/onnx/hoist.ts";
import { flops } from "../../daemon/src/onnx/cost.ts";
import { matMul } from "../../daemon/src/onnx/ops.ts";
import { readUNetConfig } from "../../daemon/src/models/stable-diffusion/unet-config.ts";
import { INVARIANT_INPUTS, unet } from "../../daemon/src/models/stable-diffusion/index.ts";
import { emission } from "../../daemon/src/nn/emission.ts";
import { WeightScope } from "../../daemon/src/nn/weight-scope.ts";
import { Engine } from "../../daemon/src/runtime/engine.ts";
import { full } from "../../daemon/src/tensor/tensor.ts";
import { randomModel } from "./random-model.ts";

/** Runs of the command at most this heap of JavaScript, in MB. */
const HEAP_LIMIT = 150;

interface Measured {
  /** seconds from the start of the process to the end of the first step */
  firstStep: number;
  /** median seconds of a step */
  step: number;
  /** CPU seconds of a step, all threads */
  stepCpu: number;
  /** seconds, warm */
  text: number;
  decode: number;
  /** GB, the engine process at its largest */
  peak: number;
}

export async function benchEngine(): Promise<void> {
  const model = await randomModel();
  const peak = await matMulPeak();
  console.log(
    `${cpus()[0]?.model ?? ""}, ${peak.threads} threads; fp32 peak (MatMul 2048³, best of 8): ${peak.gflops.toFixed(0)} GFLOP/s`,
  );
  console.log(
    `Stable Diffusion 1.5 at full size, random f16 weights, guidance in one batch of 2, JavaScript heap held to ${HEAP_LIMIT} MB`,
  );
  console.log(columns("", "s/step", "CPU s", "GFLOP/s", "of peak", "start→step 1", "text s", "decode s", "peak GB"));
  for (const size of [256, 512])
    for (const precision of ["fp32", "int8"]) {
      const gflop = stepFlops(size) / 1e9;
      // Twice to fill the caches, then the run that counts.
      for (const round of ["cold", "again", "warm"]) {
        const m = await measure(model, size, precision, round === "warm" ? 4 : 1);
        const rate = gflop / m.step;
        const numbers = [m.step, m.stepCpu, rate, rate / peak.gflops, m.firstStep, m.text, m.decode, m.peak].map((v) =>
          v.toFixed(2),
        );
        if (round === "warm") console.log(columns(`${size}² ${precision}`, ...numbers));
        else
          console.log(
            columns(
              `${size}² ${precision} ${round}`,
              "",
              "",
              "",
              "",
              m.firstStep.toFixed(2),
              "",
              "",
              m.peak.toFixed(2),
            ),
          );
      }
    }
}

const columns = (name: string, ...cells: string[]): string =>
  name.padEnd(20) + cells.map((cell) => cell.padStart(13)).join("");

/** The machine's speed at what it does best: one large product. */
async function matMulPeak(): Promise<{ gflops: number; threads: number }> {
  await using engine = await Engine.start({ target: "cpu" });
  const n = 2048;
  const [a, b] = ["a", "b"].map((name) => input(name, "f32", [n, n])) as [
    ReturnType<typeof input>,
    ReturnType<typeof input>,
  ];
  const session = await engine.session(graph([a, b], { c: matMul(a, b) }));
  const first = await session.run({ a: full([n, n], 1), b: full([n, n], 0.5) }, { keep: ["c"] });
  let best = Infinity;
  for (let i = 0; i < 8; i++) {
    const start = performance.now();
    const next = await session.run({ a: first.c, b: first.c }, { keep: ["c"] });
    best = Math.min(best, performance.now() - start);
    next.c.release();
  }
  return { gflops: (2 * n ** 3) / (best / 1e3) / 1e9, threads: engine.threads };
}

/** Operations of one guided step, without the text's keys and values, which are made once. */
function stepFlops(size: number): number {
  const range = { file: "", dtype: "f16", offset: 0, length: 0 } as const;
  const tensors = {
    has: () => true,
    keys: () => [],
    get: (_: string, shape: readonly number[]) => ({ ...range, shape: [...shape] }),
  };
  const shape = { batch: 2, height: size / 8, width: size / 8, textTokens: 77 };
  const whole = unet(
    new WeightScope(tensors, emission("cpu")),
    readUNetConfig({ cross_attention_dim: 768 }, ""),
    shape,
  );
  return flops(hoist(whole, INVARIANT_INPUTS).body);
}

async function measure(model: string, size: number, precision: string, steps: number): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), "diffusion-bench-"));
  try {
    const file = join(folder, "bench.diffusion");
    const lines = [
      "diffusion: 1",
      `model: ${model}`,
      "prompt: a castle by the sea",
      `size: ${size}x${size}`,
      `steps: ${steps}`,
      `precision: ${precision}`,
      "seed: 1",
      "count: 2",
    ];
    writeFileSync(file, `${lines.join("\n")}\n`);
    return await watch(file, steps);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function watch(file: string, steps: number): Promise<Measured> {
  const start = performance.now();
  const launcher = join(installFolder, "daemon", "bin", "diffusion.js");
  const env = { ...process.env, NODE_OPTIONS: `--max-old-space-size=${HEAP_LIMIT}` };
  const child = spawn(process.execPath, [launcher, "run", file, "--json"], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const seen: { at: number; cpu: number; phase: string; index: number; step: number }[] = [];
  let peak = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as {
      event: string;
      phase?: string;
      index?: number;
      step?: number;
      message?: string;
    };
    if (event.event === "failed") throw new Error(event.message);
    const engine = processes(child.pid!).at(-1) ?? { peak: 0, cpu: 0 };
    peak = Math.max(peak, engine.peak);
    if (event.phase)
      seen.push({
        at: (performance.now() - start) / 1e3,
        cpu: engine.cpu,
        phase: event.phase,
        index: event.index!,
        step: event.step!,
      });
  }
  const at = (index: number, phase: string, step = 1) =>
    seen.find((s) => s.index === index && s.phase === phase && s.step === step)!;
  const pairs = [0, 1].flatMap((index) =>
    Array.from({ length: steps - 1 }, (_, i) => [at(index, "denoise", i + 1), at(index, "denoise", i + 2)] as const),
  );
  const all = pairs.length > 0 ? pairs : [[at(1, "text"), at(1, "denoise")] as const];
  const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
  return {
    firstStep: at(0, "denoise").at,
    step: median(all.map(([a, b]) => b.at - a.at)),
    stepCpu: median(all.map(([a, b]) => b.cpu - a.cpu)),
    text: at(1, "text").at - at(0, "decode").at,
    decode: at(1, "decode").at - at(1, "denoise", steps).at,
    peak,
  };
}

/** The processes below `pid` (Linux), the one with the most memory last: peak in GB, CPU time in seconds. */
function processes(pid: number): { peak: number; cpu: number }[] {
  const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const below = new Set([String(pid)]);
  for (const name of all) if (below.has(stat(name)?.parent ?? "")) below.add(name);
  const facts = [...below].flatMap((name) => stat(name) ?? []);
  return facts.toSorted((a, b) => a.peak - b.peak);
}

function stat(pid: string): { parent: string; peak: number; cpu: number } | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const high = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0);
    return { parent: fields[1]!, peak: high / 1e6, cpu: (Number(fields[11]) + Number(fields[12])) / 100 };
  } catch {
    return undefined;
  }
}

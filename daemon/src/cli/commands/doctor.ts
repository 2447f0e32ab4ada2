// `diffusion doctor`: what this machine can run, and why not the rest.
import type { DeviceDiagnosis, Diagnosis } from "../../runtime/doctor.ts";
import { diagnose } from "../../runtime/doctor.ts";
import type { CommandLine } from "../command.ts";
import type { ExitStatus } from "../exit-status.ts";
import { formatBytes, print, printJson } from "../output.ts";

export async function doctor(line: CommandLine): Promise<ExitStatus> {
  const diagnosis = await diagnose();
  if (line.has("json")) printJson(diagnosis);
  else print(textOf(diagnosis));
  return diagnosis.devices.some(({ works }) => works) ? 0 : 1;
}

function textOf({ node, runtime, system, cpu, memory, devices, automatic, cache }: Diagnosis): string {
  const rows = [
    ["system", system],
    ["node", node],
    ["onnxruntime", runtime],
    ["cpu", `${cpu.model}: ${cpu.cores} cores, ${cpu.threads} threads`],
    ["", cpu.features.join(" ")],
    ["memory", `${formatBytes(memory.usable)}, ${formatBytes(memory.free)} free`],
    ["cache", `${cache.folder} (${formatBytes(cache.bytes)})`],
  ] as const;
  const facts = rows.filter(([, value]) => value !== "").map(([name, value]) => `${name.padEnd(12)} ${value}`);
  return [...facts, "", "devices", ...devices.flatMap(deviceLines), "", `device: auto means ${automatic}`].join("\n");
}

function deviceLines({ target, works, reason, gflops, operators = [] }: DeviceDiagnosis): string[] {
  const name = `  ${target.padEnd(10)}`;
  if (!works) return [`${name} does not work: ${reason ?? "unknown"}`];
  const passed = operators.filter((operator) => operator.passed).length;
  const speed = gflops === undefined ? "" : `, ${gflops.toPrecision(3)} GFLOP/s`;
  const wrong = operators.filter((operator) => !operator.passed);
  return [
    `${name} works${speed}, ${passed} of ${operators.length} operator tests pass`,
    ...wrong.map((operator) => `${"".padEnd(12)} not used: ${operator.name} (${operator.reason ?? "wrong numbers"})`),
  ];
}

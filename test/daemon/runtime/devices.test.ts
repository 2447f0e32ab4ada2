// Which devices work, which op forms compute right on them, and what follows from that.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { emission } from "../../../daemon/src/nn/emission.ts";
import { graph, input } from "../../../daemon/src/onnx/graph.ts";
import * as op from "../../../daemon/src/onnx/ops.ts";
import { automaticTarget } from "../../../daemon/src/runtime/automatic-target.ts";
import { cacheFolder } from "../../../daemon/src/runtime/cache-folder.ts";
import { diagnose } from "../../../daemon/src/runtime/doctor.ts";
import { Engine } from "../../../daemon/src/runtime/engine.ts";
import { coresIn } from "../../../daemon/src/runtime/machine.ts";
import { knownProvider, probeProvider } from "../../../daemon/src/runtime/probe.ts";
import { allowed, checkedEmission, selfTest, type OpResult } from "../../../daemon/src/runtime/self-test.ts";
import { tensor } from "../../../daemon/src/tensor/tensor.ts";
import { softwareVulkan, useVulkan } from "../../setup/software-vulkan.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "devices-"))));
afterEach(() => rmSync(folder, { recursive: true }));

describe("the CPU", () => {
  test("works and is measured", async () => {
    const report = await probeProvider("cpu");
    expect(report).toMatchObject({ target: "cpu", works: true, version: "1.30.0" });
    expect(report.gflops).toBeGreaterThan(0.1);
  });

  test("computes every float form right", async () => {
    const results = await selfTest("cpu");
    expect(results.filter(({ passed, form }) => !passed && form?.form !== "int8")).toEqual([]);
    expect(new Set(results.map(({ form }) => form?.need))).toEqual(
      new Set([undefined, "attention", "groupNorm", "silu", "matMul"]),
    );
  });

  test("is emitted for with the forms of the op table, found out once", async () => {
    const first = await checkedEmission("cpu", "exact", { folder });
    expect(first).toEqual(emission("cpu"));
    const files = readdirSync(join(folder, "self-tests"));
    const path = join(folder, "self-tests", files[0]!);
    const results = JSON.parse(readFileSync(path, "utf8")) as OpResult[];
    const doubtful = results.map((r) => (r.form?.form === "fused" ? { ...r, passed: false, reason: "doubt" } : r));
    writeFileSync(path, JSON.stringify(doubtful));
    expect((await checkedEmission("cpu", "exact", { folder })).forms.attention).toBe("decomposed");
  });
});

describe("devices that are not there", () => {
  test.each([
    ["coreml", "darwin", "Core ML exists on macOS only"],
    ["dml", "win32", "DirectML exists on Windows only"],
  ] as const)("%s says where it exists", async (target, platform, reason) => {
    if (process.platform === platform) return;
    expect(await probeProvider(target)).toMatchObject({ works: false, reason });
    await expect(Engine.start({ target })).rejects.toMatchObject({ code: "device-unavailable" });
  });

  test.skipIf(process.platform !== "linux")("cuda names the missing library", async () => {
    const report = await probeProvider("cuda");
    if (!report.works) expect(report.reason).toMatch(/libonnxruntime_providers_cuda\.so|CUDA|cu\w+\.so/);
  });

  test.skipIf(process.platform !== "linux")("webgpu without a driver names what the loader missed", async () => {
    const before = { ...process.env };
    process.env.VK_DRIVER_FILES = join(folder, "absent.json");
    try {
      const report = await probeProvider("webgpu");
      expect(report.works).toBe(false);
      await using engine = await Engine.start({ target: "webgpu" });
      const x = input("x", "f32", [1]);
      const making = engine.session(graph([x], { y: op.neg(x) }));
      await expect(making).rejects.toMatchObject({ code: "device-unavailable" });
      expect(report.reason).toMatch(/adapter.*(libvulkan|vkCreateInstance|driver)/i);
    } finally {
      process.env = before;
    }
  });
});

describe("a form that fails the self-test", () => {
  const failed = (need: "attention" | "silu" | "matMul", form: string): OpResult =>
    ({ name: need, form: { need, form }, passed: false, reason: "gives wrong numbers" }) as OpResult;
  const passed = (need: "attention" | "silu" | "matMul", form: string): OpResult =>
    ({ name: need, form: { need, form }, passed: true }) as OpResult;

  test.each([
    [
      "gives way to another form",
      [failed("attention", "fused"), passed("attention", "decomposed")],
      { attention: "decomposed" },
    ],
    ["is not asked for when it is not wanted", [failed("attention", "sliced"), passed("attention", "fused")], {}],
    ["of int8 gives way to float", [failed("matMul", "int8"), passed("matMul", "float")], { matMul: "float" }],
    [
      "in one of several cases has failed",
      [passed("silu", "quick-gelu"), failed("silu", "quick-gelu"), passed("silu", "sigmoid-mul")],
      { silu: "sigmoid-mul" },
    ],
  ])("%s", (_, results, forms) => {
    const wanted = emission("cpu", "fast");
    expect(allowed(wanted, results)).toEqual({ ...wanted, forms: { ...wanted.forms, ...forms } });
  });

  test.each([
    ["without another", [failed("silu", "quick-gelu"), failed("silu", "sigmoid-mul")]],
    ["never gives way to int8", [failed("matMul", "float"), passed("matMul", "int8")]],
    ["of an operator of one form", [{ name: "Softmax", passed: false, reason: "gives wrong numbers" }]],
  ])("%s makes the device unusable", (_, results) => {
    expect(() => allowed(emission("cpu"), results)).toThrow(/cpu cannot be used here: .* gives wrong numbers/);
  });
});

const icd = softwareVulkan();
if (!icd) console.log("webgpu is not tested: no Chromium with a software Vulkan driver; set DIFFUSION_TEST_VULKAN_ICD");

describe.skipIf(!icd)("WebGPU on a software driver", () => {
  beforeAll(() => useVulkan(icd!)); // what it gives back is called afterwards

  test("runs graphs, with resident tensors", async () => {
    await using engine = await Engine.start({ target: "webgpu" });
    const x = input("x", "f32", [2, 2]);
    const session = await engine.session(graph([x], { y: op.matMul(x, x), z: op.softmax(x) }));
    const { y, z } = await session.run({ x: tensor([1, 2, 3, 4], [2, 2]) }, { keep: ["y"] });
    expect(z).toMatchObject({ shape: [2, 2] });
    expect((await session.run({ x: y })).y).toEqual(tensor([199, 290, 435, 634], [2, 2]));
  });

  test("works, but `auto` does not take it: it is slower than the CPU", async () => {
    expect(await knownProvider("webgpu", { folder })).toMatchObject({ works: true });
    expect(await automaticTarget({ folder })).toBe("cpu");
  });

  test("is emitted for with forms that compute right, whatever fused attention gives", async () => {
    const results = await selfTest("webgpu");
    const fused = results.find(({ form }) => form?.form === "fused")!;
    const wanted = emission("webgpu");
    const { forms } = allowed({ ...wanted, forms: { ...wanted.forms, attention: "fused" } }, results);
    expect(forms.attention).toBe(fused.passed ? "fused" : "decomposed");
    expect(results.filter(({ passed, form }) => !passed && form?.form !== "fused")).toEqual([]);
  });
});

test("the doctor knows machine, devices and cache", async () => {
  const before = { ...process.env };
  process.env.VK_DRIVER_FILES = join(folder, "absent.json"); // a fast answer wherever there is no GPU
  const facts = await diagnose(folder).finally(() => (process.env = before));
  expect(facts.devices.map(({ target }) => target)).toEqual(["cpu", "cuda", "tensorrt", "dml", "coreml", "webgpu"]);
  for (const { works, reason, operators } of facts.devices) {
    expect(works).toBe(reason === undefined);
    expect(works).toBe(operators !== undefined);
  }
  expect(facts.cpu.cores).toBeLessThanOrEqual(facts.cpu.threads);
  expect(facts.cache.folder).toBe(folder);
  expect(facts.cache.bytes).toBeGreaterThan(0);
});

test.each([
  ["hyper-threads count once", ["0:0", "0:1", "0:0", "0:1"], 2],
  ["sockets count apart", ["0:0", "1:0"], 2],
  ["no field, as on arm", [":", ":"], 0],
])("physical cores: %s", (_, processors, cores) => {
  const blocks = processors.map((processor, i) => {
    const [socket, core] = processor.split(":");
    return core
      ? `processor\t: ${i}\nphysical id\t: ${socket!}\nsiblings\t: 4\ncore id\t\t: ${core}\n`
      : `processor\t: ${i}\n`;
  });
  expect(coresIn(blocks.join("\n"))).toBe(cores);
});

test.each([
  ["linux", { XDG_CACHE_HOME: "/x" }, "/x/diffusion"],
  ["linux", { DIFFUSION_CACHE: "/own", XDG_CACHE_HOME: "/x" }, "/own"],
  ["win32", { LOCALAPPDATA: "/local" }, "/local/diffusion/cache"],
] as const)("the cache folder on %s with %j", (platform, env, expected) => {
  expect(cacheFolder(env, platform)).toBe(expected);
});

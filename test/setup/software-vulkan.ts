// A Vulkan driver in software, so that GPU providers can be tested without a GPU: SwiftShader, as it comes with Chromium.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cacheFolder } from "../../daemon/src/runtime/cache-folder.ts";

const CHROMIUM_FOLDERS = [
  "/usr/lib/chromium",
  "/usr/lib/chromium-browser",
  "/usr/lib64/chromium-browser",
  "/opt/google/chrome",
];

/** Where the setup unpacks Chromium's driver on Debian systems that have no Chromium. */
const UNPACKED = join(cacheFolder(), "test", "chromium");

const ICD = "vk_swiftshader_icd.json";

/** The driver's description: `$DIFFUSION_TEST_VULKAN_ICD`, or that of an installed or unpacked Chromium. */
export function softwareVulkan(): string | undefined {
  const given = process.env.DIFFUSION_TEST_VULKAN_ICD;
  if (given) return given;
  const folders = [...CHROMIUM_FOLDERS, join(UNPACKED, "usr/lib/chromium")];
  return folders.map((folder) => join(folder, ICD)).find((path) => existsSync(path));
}

/** Global set-up of the suites that test a GPU provider: gets the driver once, and says so when that cannot be. */
export default function setup(): void {
  if (softwareVulkan() !== undefined || process.platform !== "linux") return;
  try {
    unpackChromium();
  } catch (error) {
    console.warn(
      `no Vulkan driver in software, GPU tests are skipped: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Downloads the package without installing it: no rights are needed for that. */
function unpackChromium(): void {
  const draft = `${UNPACKED}.${process.pid}.tmp`;
  mkdirSync(draft, { recursive: true });
  const run = (command: string, ...args: string[]) => execFileSync(command, args, { cwd: draft, stdio: "pipe" });
  try {
    try {
      run("apt-get", "download", "chromium", "chromium-common");
    } catch {
      run("apt-get", "update"); // a machine that never looked knows no packages
      run("apt-get", "download", "chromium", "chromium-common");
    }
    for (const name of readdirSync(draft)) {
      run("dpkg", "-x", name, "unpacked");
      rmSync(join(draft, name));
    }
    renameSync(join(draft, "unpacked"), UNPACKED);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Sets the environment that engine processes inherit, and gives back what restores it. */
export function useVulkan(icd: string): () => void {
  const folder = mkdtempSync(join(tmpdir(), "vulkan-")); // has mode 0700, as XDG_RUNTIME_DIR must
  const loader = join(dirname(icd), "libvulkan.so.1");
  if (existsSync(loader)) symlinkSync(loader, join(folder, "libvulkan.so.1"));
  const before = { ...process.env };
  process.env.VK_DRIVER_FILES = icd;
  process.env.XDG_RUNTIME_DIR = folder;
  process.env.LD_LIBRARY_PATH = [folder, before.LD_LIBRARY_PATH].filter(Boolean).join(":");
  return () => {
    process.env = before;
    rmSync(folder, { recursive: true });
  };
}

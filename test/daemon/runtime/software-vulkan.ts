// A Vulkan driver in software, so that GPU providers can be tested without a GPU: the one that comes with Chromium.
import { existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const CHROMIUM_FOLDERS = [
  "/usr/lib/chromium",
  "/usr/lib/chromium-browser",
  "/usr/lib64/chromium-browser",
  "/opt/google/chrome",
];

/** The driver's description: `$DIFFUSION_TEST_VULKAN_ICD`, or that of an installed Chromium. */
export function softwareVulkan(): string | undefined {
  const given = process.env.DIFFUSION_TEST_VULKAN_ICD;
  if (given) return given;
  return CHROMIUM_FOLDERS.map((folder) => join(folder, "vk_swiftshader_icd.json")).find((path) => existsSync(path));
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

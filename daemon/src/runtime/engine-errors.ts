// What goes wrong in the engine process, in words for the user.
import { DiffusionError } from "../base/errors.ts";

const OUT_OF_MEMORY = /failed to allocate memory|bad_alloc|allocation failed|out of memory|bad allocation/i;

/** What providers say that find no device or driver. */
const NO_DEVICE = /no available backend|failed to get a webgpu adapter|failed to load shared library/i;

/** The process ended while `doing` something. */
export function engineDied(how: string, doing: string, lastWords: string): DiffusionError {
  const memory = how.includes("SIGKILL")
    ? " The system kills a process so when memory runs out: try a smaller picture, fewer pictures at once, or close other programs."
    : " The next job starts a new one; if it happens again, `diffusion doctor` shows whether this device works.";
  const words = lastWords.trim() === "" ? "" : ` Its last words: ${lastWords.trim()}`;
  return new DiffusionError("engine", `the engine process ${how} while ${doing}.${memory}${words}`);
}

/** The runtime library answered with an error while `doing` something. */
export function engineRefused(message: string, doing: string): DiffusionError {
  const text = withoutSourcePaths(message);
  if (OUT_OF_MEMORY.test(message))
    return new DiffusionError(
      "out-of-memory",
      `memory ran out while ${doing}: ${text}. Try a smaller picture or fewer pictures at once.`,
    );
  if (NO_DEVICE.test(message))
    return new DiffusionError(
      "device-unavailable",
      `no device for ${doing}: ${text}. \`diffusion doctor\` shows the devices that work.`,
    );
  return new DiffusionError("engine", `the engine failed while ${doing}: ${text}`);
}

/** onnxruntime puts the file, line and function of its own source before the reason. */
function withoutSourcePaths(message: string): string {
  return message
    .replace(/\/onnxruntime_src\/\S+ (?:(?:\S*::\S*|virtual|static|void|const|bool) )*/g, "")
    .replace(/\s+/g, " ")
    .trim();
}

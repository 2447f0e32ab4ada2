// Ctrl-C and requests to end.
import { constants } from "node:os";

/** The first interrupt, or a request to end, aborts the signal; a second interrupt ends this process at once. */
export function abortOnInterrupt(): AbortSignal {
  const controller = new AbortController();
  const abort = () => controller.abort();
  let interrupts = 0;
  process.on("SIGINT", () => {
    if (++interrupts > 1) process.exit(128 + constants.signals.SIGINT);
    abort();
  });
  process.on("SIGTERM", abort);
  process.on("SIGHUP", abort);
  return controller.signal;
}

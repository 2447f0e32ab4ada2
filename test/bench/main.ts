// `npm run bench [-- SUITE…]`: measurements for people to read; nothing here passes or fails.
import { benchEngine } from "./engine.ts";
import { benchLsp } from "./lsp.ts";

const SUITES: Record<string, () => Promise<void>> = { engine: benchEngine, lsp: benchLsp };

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !Object.hasOwn(SUITES, name));
if (unknown !== undefined) {
  console.error(`there is no suite ${unknown}; there are: ${Object.keys(SUITES).join(", ")}`);
  process.exitCode = 2;
} else {
  for (const name of wanted.length > 0 ? wanted : Object.keys(SUITES)) await SUITES[name]!();
}

// Test suites, from fast to slow: tidy (the house rules), unit (pure code and small graphs), golden (numbers of the reference
// libraries), cli (the command from outside). Every *.test.ts below test/ belongs to one of them.
import { defineConfig } from "vitest/config";

/** GPU providers are tested on a driver in software. */
const SETUP: Record<string, string[]> = {
  unit: ["test/setup/software-vulkan.ts"],
  golden: ["test/setup/software-vulkan.ts"],
};

const suite = (name: string, include: string[], seconds: number) => ({
  test: { name, include, testTimeout: seconds * 1000, hookTimeout: seconds * 1000, globalSetup: SETUP[name] ?? [] },
});

export default defineConfig({
  test: {
    projects: [
      suite("tidy", ["test/tidy.test.ts"], 60),
      suite("unit", ["test/{schemas,language,daemon}/**/*.test.ts"], 120),
      suite("golden", ["test/golden/**/*.test.ts"], 120),
      suite("cli", ["test/cli/**/*.test.ts"], 300),
    ],
  },
});

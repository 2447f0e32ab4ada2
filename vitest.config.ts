// Test suites, from fast to slow: unit (pure code), golden (numbers of the reference libraries), cli (the command from outside).
import { defineConfig } from "vitest/config";

const suite = (name: string, include: string[], options = {}) => ({
  test: { name, include, testTimeout: 120_000, ...options },
});

export default defineConfig({
  test: {
    projects: [
      suite("unit", ["test/{tidy,schemas/**,daemon/**}*.test.ts", "test/tidy.test.ts"]),
      suite("golden", ["test/golden/**/*.test.ts"]),
      suite("cli", ["test/cli/**/*.test.ts"]),
    ],
  },
});

// A stray console line fails the test that printed it. A test that expects one spies on the method itself.
import { afterAll, afterEach } from "vitest";

const strays: string[] = [];

for (const method of ["debug", "error", "info", "log", "trace", "warn"] as const) {
  console[method] = (...values: unknown[]) => {
    strays.push(`console.${method}(${values.map(String).join(", ")})`);
  };
}

function expectSilence(): void {
  const lines = strays.splice(0);
  if (lines.length > 0) throw new Error(`stray console output:\n${lines.join("\n")}`);
}

afterEach(expectSilence);
afterAll(expectSilence);

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { root } from "../lib/paths.mjs";
import { quietly } from "../lib/process.mjs";

/** Runs a test file of its own under our setup file; resolves to vitest's exit code and output. */
async function vitest(testFile: string): Promise<{ code: number; output: string }> {
  const out = join(root, "tools", "out");
  mkdirSync(out, { recursive: true });
  const folder = mkdtempSync(join(out, "quiet-"));
  try {
    const setup = JSON.stringify(join(root, "tools/vitest/quiet.ts"));
    writeFileSync(join(folder, "vitest.config.mjs"), `export default { test: { setupFiles: [${setup}] } };`);
    writeFileSync(join(folder, "planted.test.mjs"), `import { expect, it, vi } from "vitest";\n${testFile}`);
    return await quietly(process.execPath, [join(root, "node_modules/vitest/vitest.mjs"), "run", "--root", folder]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

it("a stray console line fails the test that printed it, an expected one does not", async () => {
  const { code, output } = await vitest(`
    it("prints", () => console.warn("careful"));
    it("is silent", () => {});
    it("expects it", () => {
      const warn = vi.spyOn(console, "warn").mockReturnValue();
      console.warn("careful");
      expect(warn).toHaveBeenCalledWith("careful");
      warn.mockRestore();
    });`);
  expect(code).toBe(1);
  expect(output).toContain("console.warn(careful)");
  expect(output).toMatch(/1 failed.*2 passed/);
});

it("a stray console line while a file is loaded fails the file", async () => {
  const { code, output } = await vitest(`console.log("hello"); it("is silent", () => {});`);
  expect(code).toBe(1);
  expect(output).toContain("console.log(hello)");
});

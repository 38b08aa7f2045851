/** `isthmus onnx`: what is in a file, whether it is sound, what runtimes would say. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { complaint, isthmus, report } from "./support/cli.ts";
import { sharedFolder } from "./support/folder.ts";

const folder = await sharedFolder();
const decoder = fileURLToPath(new URL("../../../packages/onnx/test/fixtures/torch-decoder-17.onnx", import.meta.url));

/** The file with one name in it changed for another of the same length. */
async function changed(name: string, from: string, to: string): Promise<string> {
  const text = (await readFile(decoder)).toString("latin1");
  expect(text).toContain(from);
  await writeFile(join(folder, name), text.replaceAll(from, to), "latin1");
  return join(folder, name);
}

describe("isthmus onnx", () => {
  it("without a word says what there is", async () => {
    expect(await complaint("onnx")).toContain("isthmus onnx --help shows how");
    const { stdout } = await isthmus(["onnx", "--help"]);
    for (const name of ["check", "info", "lint", "parity", "selftest"])
      expect(stdout).toMatch(new RegExp(`^  ${name} `, "m"));
  });

  it("check counts what it has found sound", async () => {
    const { sound, nodes, parameters } = await report("onnx", "check", decoder);
    const described = await report("onnx", "info", decoder);
    expect(sound).toBe(true);
    expect(nodes).toBe(Object.values(described.nodes as Record<string, number>).reduce((sum, count) => sum + count, 0));
    expect(parameters).toBe(described.initialisers.elements);
  });

  it("check says in one line which node is wrong", async () => {
    const path = await changed("broken.onnx", "ConvTranspose", "ConvTransposf");
    expect(await complaint("onnx", "check", path)).toMatch(/broken\.onnx: .*ConvTransposf.*\[ONNX_INVALID\]$/);
  });

  it("info shows ports, versions, operators and parameters", async () => {
    const { code, stdout } = await isthmus(["onnx", "info", decoder]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/made by pytorch/);
    expect(stdout).toMatch(/^operator sets: ai\.onnx 17; IR version 8$/m);
    expect(stdout).toMatch(/^input \S+: float32 \[\w+, 6\]$/m);
    expect(stdout).toMatch(/^output \S+: float32 \[/m);
    expect(stdout).toMatch(/^nodes: .*\d ConvTranspose/m);
    expect(stdout).toMatch(/^parameters: [\d,]+ in \d+ tensors, [\d,]+ bytes$/m);
  });

  it("lint warns with the source, of one runtime or of all, and ends well", async () => {
    const all = await report("onnx", "lint", decoder);
    const [one] = Object.keys(all.warnings);
    const alone = await report("onnx", "lint", decoder, "--target", one!);
    expect(alone.warnings).toEqual({ [one!]: all.warnings[one!] });
    const { code, stdout } = await isthmus(["onnx", "lint", decoder]);
    expect(code).toBe(0);
    expect(stdout.trimEnd().split("\n").length).toBeGreaterThanOrEqual(Object.keys(all.warnings).length);
    expect(await complaint("onnx", "lint", decoder, "--target", "toaster")).toContain("toaster");
  });

  it("parity runs the file in both", async () => {
    const { maxAbsError, items } = await report("onnx", "parity", decoder, "--batch", "3");
    expect(items).toBe(3);
    expect(maxAbsError).toBeLessThan(1e-5);
  });

  it.each(["check", "info", "lint", "parity", "selftest"])(
    "%s tells what is no ONNX file in one line",
    async (command) => {
      const path = join(folder, "text.onnx");
      await writeFile(path, "no model");
      expect(await complaint("onnx", command, path)).toMatch(/text\.onnx.*\[ONNX_INVALID\]$/);
      expect(await complaint("onnx", command, join(folder, "none.onnx"))).toContain("FILE_READ");
    },
  );
});

/** `isthmus export` of a model that our engine cannot hold. */
import { IsthmusError } from "@isthmus/math";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, vi } from "vitest";
import { isthmus, report } from "./support/cli.ts";
import { sharedFolder } from "./support/folder.ts";

vi.mock("../src/engines.ts", async (original) => {
  const memory = new IsthmusError("ENGINE_MEMORY", "the state needs 5000000000 bytes");
  return { ...(await original<object>()), withEngine: () => Promise.reject(memory) };
});

const folder = await sharedFolder();
const decoder = fileURLToPath(new URL("../../../packages/onnx/test/fixtures/torch-decoder-17.onnx", import.meta.url));

it("is written all the same, and it is told that nothing was compared", async () => {
  const [model, out] = [join(folder, "m.safetensors"), join(folder, "decoder.onnx")];
  await report("import", decoder, "-o", model);
  const { code, stdout } = await isthmus(["export", model, "--part", "decoder", "-o", out]);
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^parity not checked: .* our engine cannot hold the model \(the state needs 5000000000 bytes\)$/m,
  );
  expect((await readdir(folder)).toSorted()).toEqual(["decoder.onnx", "m.safetensors"]);
  const { parity, maxAbsError } = await report("export", model, "--part", "decoder", "-o", out);
  expect([parity, maxAbsError]).toEqual([expect.stringMatching(/^not checked: onnxruntime-node opens the file/), null]);
});

/** `isthmus onnx parity` on files whose inputs are of every type. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as onnx from "../../../packages/onnx/test/support/onnx-models.ts";
import { complaint, report } from "./support/cli.ts";
import { sharedFolder } from "./support/folder.ts";

const folder = await sharedFolder();

/** Codes of TensorProto.DataType. */
const codes = {
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
} as const;
const BFLOAT16 = 16;

/** A file that makes float32 of an input. */
async function castFile(name: string, code: number): Promise<string> {
  const path = join(folder, `${name}.onnx`);
  const cast = onnx.node("Cast", ["x"], ["y"], { to: { type: "int", value: 1 } });
  await writeFile(path, onnx.file([cast], { inputs: [onnx.value("x", ["batch", 4], code)] }));
  return path;
}

describe("isthmus onnx parity feeds", () => {
  it.each(Object.entries(codes))("%s", async (name, code) => {
    const { maxAbsError, items } = await report("onnx", "parity", await castFile(name, code), "--batch", "5");
    expect([maxAbsError, items]).toEqual([0, 5]);
  });

  it("ids to a table, no further than it goes", async () => {
    const path = join(folder, "gather.onnx");
    const table = onnx.floats("table", [3, 4], [...Array(12).keys()]);
    const inputs = [onnx.value("ids", ["batch"], codes.int64)];
    await writeFile(path, onnx.file([onnx.node("Gather", ["table", "ids"], ["y"])], { initialisers: [table], inputs }));
    expect((await report("onnx", "parity", path)).maxAbsError).toBe(0);
  });

  it("no bfloat16, and says so", async () => {
    const line = await complaint("onnx", "parity", await castFile("bfloat16", BFLOAT16));
    expect(line).toMatch(/bfloat16/);
  });

  it("no axis that is open besides the first, and says which", async () => {
    const path = join(folder, "open.onnx");
    const inputs = [onnx.value("x", ["batch", "width"])];
    await writeFile(path, onnx.file([onnx.node("Neg", ["x"], ["y"])], { inputs }));
    expect(await complaint("onnx", "parity", path)).toMatch(/input "x" has an open axis 1 \("width"\)/);
  });
});

/** Data that lie beside an ONNX file: read where they may be, refused elsewhere. */
import { interpret } from "@isthmus/graph";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { importOnnx } from "../src/index.ts";
import { readOnnxFile } from "../src/node.ts";
import { ProtobufWriter } from "../src/protobuf-writer.ts";

/** TensorProto: dims, data type, name, where the data are, and that they are elsewhere. */
function tensor(name: string, place: Readonly<Record<string, string>>): ProtobufWriter {
  const out = new ProtobufWriter().int(1, 2).int(2, 1).string(8, name);
  for (const [key, text] of Object.entries(place)) out.message(13, new ProtobufWriter().string(1, key).string(2, text));
  return out.int(14, 1);
}

/** y = x + a + b, with x [batch, 2]. */
function model(...places: Readonly<Record<string, string>>[]): Uint8Array {
  const dims = new ProtobufWriter().message(1, new ProtobufWriter().string(2, "batch"));
  dims.message(1, new ProtobufWriter().int(1, 2));
  const type = new ProtobufWriter().message(1, new ProtobufWriter().int(1, 1).message(2, dims));
  const graph = new ProtobufWriter();
  const names = places.map((_, i) => `w${i}`);
  names.forEach((name, i) => {
    const add = new ProtobufWriter().string(1, i === 0 ? "x" : `s${i}`).string(1, name);
    graph.message(1, add.string(2, i === names.length - 1 ? "y" : `s${i + 1}`).string(4, "Add"));
  });
  graph.string(2, "sum");
  names.forEach((name, i) => graph.message(5, tensor(name, places[i]!)));
  graph.message(11, new ProtobufWriter().string(1, "x").message(2, type));
  graph.message(12, new ProtobufWriter().string(1, "y"));
  return new ProtobufWriter().int(1, 8).message(7, graph).message(8, new ProtobufWriter().int(2, 17)).finish();
}

let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  const top = await mkdtemp(join(tmpdir(), "isthmus-external-"));
  folder = join(top, "model");
  await mkdir(join(folder, "weights"), { recursive: true });
  const data = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
  for (const path of ["w.bin", "weights/w.bin", "../outside.bin"]) await writeFile(at(path), data);
  await symlink(at("../outside.bin"), at("link.bin"));
  await symlink(join(top, "model", "weights"), at("linked"));
});
afterAll(() => rm(join(folder, ".."), { recursive: true, force: true }));

async function read(...places: Readonly<Record<string, string>>[]): Promise<number[]> {
  await writeFile(at("m.onnx"), model(...places));
  const { bytes, ...rest } = await readOnnxFile(at("m.onnx"));
  const { program, parameters } = importOnnx(bytes, rest);
  const state = Object.entries(parameters).map(([name, { data }]) => [name, data as Float32Array] as const);
  const inputs = { x: Float32Array.of(10, 20) };
  return [...interpret(program, { inputs, state: Object.fromEntries(state), batch: 1 }).outputs["y"]!.data];
}

describe("external data", () => {
  test("are read from where they are", async () => {
    expect(await read({ location: "w.bin", length: "8" }, { location: "weights/w.bin", offset: "8" })).toEqual([
      14, 26,
    ]);
  });

  test("may be shared by tensors", async () => {
    const place = { location: "w.bin", offset: "4", length: "8" };
    expect(await read(place, place)).toEqual([14, 26]);
  });

  test("are asked for where there is only the file", async () => {
    const bytes = model({ location: "w.bin" });
    expect(() => importOnnx(bytes)).toThrow(
      expect.objectContaining({ code: "ONNX_INVALID", message: expect.stringMatching(/"w.bin"/) }),
    );
  });

  test.each([
    ["above the folder", { location: "../outside.bin" }, /expected a file beside the model/],
    ["above, by a way round", { location: "weights/../../outside.bin" }, /expected a file beside the model/],
    ["at the root", { location: "/etc/passwd" }, /expected a file beside the model/],
    ["on a drive", { location: "C:\\w.bin" }, /expected a file beside the model/],
    ["behind a link", { location: "link.bin" }, /expected a file beside the model/],
    ["behind a linked folder", { location: "linked/w.bin" }, /expected a file beside the model/],
    ["in a folder", { location: "weights" }, /expected a file beside the model/],
    ["beyond the end", { location: "w.bin", offset: "12", length: "8" }, /reach to byte 20 of "w.bin", which has 16/],
    ["at no number", { location: "w.bin", offset: "-1" }, /says wrongly where/],
    ["nowhere", { offset: "0" }, /says wrongly where/],
    ["and of another length than the shape", { location: "w.bin", length: "12" }, /holds 12 bytes/],
  ])("%s are refused", async (_, place, said) => {
    await expect(read(place as Record<string, string>)).rejects.toThrow(
      expect.objectContaining({ code: "ONNX_INVALID", message: expect.stringMatching(said) }),
    );
  });

  test("that lie over each other, more than the file holds, are refused", async () => {
    const places = [0, 1, 2, 3].map((offset) => ({ location: "w.bin", offset: String(offset), length: "8" }));
    await expect(read(...places)).rejects.toThrow(/take 32 bytes of "w.bin", which has 16/);
  });

  test("that are not there are named", async () => {
    await expect(read({ location: "none.bin" })).rejects.toThrow(
      expect.objectContaining({ code: "FILE_READ", message: expect.stringMatching(/none.bin/) }),
    );
  });
});

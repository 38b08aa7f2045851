/** Models written piece by piece, in one file or with their weights in another. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { decodeModel } from "../src/decode.ts";
import {
  checkOnnx,
  describeOnnx,
  draftModelPart,
  type ExportableModel,
  exportModelPart,
  type ImportedOnnx,
  importOnnx,
  type ModelPartOptions,
  type OnnxDraft,
  redraft,
} from "../src/index.ts";
import { readOnnxFile, writeOnnxFile } from "../src/node.ts";
import { denseModel, pseudoRandom, sizes } from "./support/models.ts";
import { openBuffers, openPath, runtimes } from "./support/runtimes.ts";
import { exportable, imageModels } from "./support/zoo.ts";

/** Its decoder has weights of 20 x 400 and 400 x 784 numbers, and biases of 400 and 784. */
const model = denseModel(sizes["standard"]!);
const draft = draftModelPart(model, "decoder");
const whole = exportModelPart(model, "decoder");

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "isthmus-write-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

const bytesAt = async (path: string): Promise<Buffer> => await readFile(path);

/** Stands for bytes in comparisons, which are slow element by element. */
const hashOf = (bytes: Uint8Array | Float32Array): string =>
  createHash("sha256")
    .update(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    .digest("hex");

describe("a draft", () => {
  const drafts: [string, ExportableModel, "encoder" | "decoder", ModelPartOptions?][] = [
    ["dense decoder", model, "decoder"],
    ["convolutional encoder", exportable(imageModels[0]![1]), "encoder"],
    ["convolutional decoder", exportable(imageModels[0]![1]), "decoder"],
  ];
  test.each(drafts)("of a %s gives the bytes of the export, each time", (_, exported, part) => {
    const file = draftModelPart(exported, part).whole();
    const bytes = exportModelPart(exported, part);
    expect(file.length).toBe(bytes.length);
    for (let round = 0; round < 2; round++) expect(Buffer.concat([...file.chunks()]).equals(bytes)).toBe(true);
  });

  test("reads the parameters when it is written, not before", () => {
    const name = "decoder.logits.kernel";
    const { shape, data } = model.parameters[name]!;
    const late = { shape, data: new Float32Array(data.length) };
    const made = draftModelPart({ ...model, parameters: { ...model.parameters, [name]: late } }, "decoder");
    late.data.set(data);
    const weights = decodeModel(Buffer.concat([...made.whole().chunks()])).graph.initialisers;
    const expected = decodeModel(whole).graph.initialisers;
    expect(weights.map((tensor) => hashOf(tensor.data))).toEqual(expected.map((tensor) => hashOf(tensor.data)));
  });

  const again: typeof drafts = [...drafts, ["dense decoder in halves", model, "decoder", { precision: "float16" }]];
  test.each(again)("of the file of a %s is that file", (_, exported, part, options = {}) => {
    const bytes = exportModelPart(exported, part, options);
    const file = redraft(bytes);
    expect(Buffer.concat([...file.whole().chunks()]).equals(bytes)).toBe(true);
    const [one, other] = [draftModelPart(exported, part, options), file].map((made) => made.apart("w").data);
    expect(Buffer.concat([...other!.chunks()]).equals(Buffer.concat([...one!.chunks()]))).toBe(true);
  });

  test.each(["", ".", "..", "a/b", "a\\b", "C:x", "a\0"])("refuses the location %j", (location) => {
    expect(() => draft.apart(location)).toThrow(/"location" expected the name of a file/);
  });
});

describe("one file", () => {
  test("holds what the export makes", async () => {
    const path = join(await folder(), "decoder.onnx");
    const written = await writeOnnxFile(path, draft);
    expect(written).toEqual({ path, bytes: whole.length });
    expect((await bytesAt(path)).equals(whole)).toBe(true);
    expect(await readdir(join(path, ".."))).toEqual(["decoder.onnx"]);
  });

  test("is written where nothing is long enough to lie elsewhere", async () => {
    const path = join(await folder(), "small.onnx");
    const small = draftModelPart(denseModel(sizes["odd"]!), "decoder");
    expect(await writeOnnxFile(path, small, { externalData: "always" })).not.toHaveProperty("data");
    expect((await bytesAt(path)).equals(Buffer.concat([...small.whole().chunks()]))).toBe(true);
  });

  test("replaces what a link names, and leaves the link", async () => {
    const at = await folder();
    await writeFile(join(at, "old.onnx"), "old");
    await symlink("old.onnx", join(at, "link.onnx"));
    await writeOnnxFile(join(at, "link.onnx"), draft);
    expect((await bytesAt(join(at, "old.onnx"))).equals(whole)).toBe(true);
    expect(await readlink(join(at, "link.onnx"))).toBe("old.onnx");
    expect((await readdir(at)).sort()).toEqual(["link.onnx", "old.onnx"]);
  });

  test.skipIf(!existsSync("/dev/full"))("goes straight to a device, unchecked only", async () => {
    expect(await writeOnnxFile("/dev/null", draft)).toEqual({ path: "/dev/null", bytes: whole.length });
    await expect(writeOnnxFile("/dev/full", draft)).rejects.toThrow(
      expect.objectContaining({ code: "FILE_WRITE", message: expect.stringMatching(/\/dev\/full: the disk is full$/) }),
    );
    await expect(writeOnnxFile("/dev/null", draft, { check: async () => {} })).rejects.toThrow(
      /"path" expected a file/,
    );
  });
});

/** The decoder with its weights apart, in a folder of its own. */
async function writtenApart(): Promise<{ readonly at: string; readonly path: string }> {
  const at = await folder();
  const path = join(at, "decoder.onnx");
  await writeOnnxFile(path, draft, { externalData: "always" });
  return { at, path };
}

describe("weights in a file of their own", () => {
  test("are named after the model, page by page, and equal each time", async () => {
    const at = await folder();
    const [path, again] = [join(at, "decoder.onnx"), join(at, "again", "decoder.onnx")];
    await mkdir(join(at, "again"));
    const written = await writeOnnxFile(path, draft, { externalData: "always" });
    await writeOnnxFile(again, draft, { externalData: "always" });
    // 20 x 400, 400, 400 x 784 and 784 numbers of 4 bytes; each begins at the next multiple of 4096
    const lengths = [32_000, 1600, 1_254_400, 3136];
    const offsets = [0, 32_768, 36_864, 1_294_336];
    const { initialisers } = decodeModel(await bytesAt(path)).graph;
    const places = initialisers.flatMap(({ external }) => (external ? [external] : []));
    expect(places.map(({ length }) => length)).toEqual(lengths);
    expect(places.map(({ offset }) => offset)).toEqual(offsets);
    expect(new Set(places.map(({ location }) => location))).toEqual(new Set(["decoder.onnx.data"]));
    expect(written.data).toEqual({ path: `${path}.data`, bytes: 1_294_336 + 3136 });
    const data = await bytesAt(`${path}.data`);
    expect(data.length).toBe(written.data!.bytes);
    const between = offsets.slice(1).flatMap((offset, i) => [...data.subarray(offsets[i]! + lengths[i]!, offset)]);
    expect(between.every((byte) => byte === 0)).toBe(true);
    for (const suffix of ["", ".data"]) {
      expect((await bytesAt(`${again}${suffix}`)).equals(await bytesAt(`${path}${suffix}`))).toBe(true);
    }
  });

  test("are the weights that one file would hold, and the rest of the model is the same", async () => {
    const { path } = await writtenApart();
    const { bytes, external } = await readOnnxFile(path);
    const apart = decodeModel(bytes);
    const initialisers = apart.graph.initialisers.map(({ external: place, ...tensor }) => {
      return { ...tensor, data: hashOf(place ? external!(place) : tensor.data) };
    });
    const one = decodeModel(whole);
    const expected = one.graph.initialisers.map((tensor) => ({ ...tensor, data: hashOf(tensor.data) }));
    expect({ ...apart, graph: { ...apart.graph, initialisers } }).toEqual({
      ...one,
      graph: { ...one.graph, initialisers: expected },
    });
  });

  test("are written from a size on, and not above what the option says", async () => {
    const path = join(await folder(), "m.onnx");
    expect(await writeOnnxFile(path, draft, { largestFile: whole.length })).not.toHaveProperty("data");
    expect(await writeOnnxFile(path, draft, { largestFile: whole.length - 1 })).toHaveProperty("data");
    expect(await writeOnnxFile(path, draft, { externalData: "never", largestFile: 0 })).not.toHaveProperty("data");
  });

  test("are checked and described without being read", async () => {
    const { path } = await writtenApart();
    const { bytes, external } = await readOnnxFile(path, { external: "find" });
    expect(external).toBeUndefined();
    expect(() => checkOnnx(bytes)).not.toThrow();
    expect(describeOnnx(bytes).initialisers).toEqual({
      ...describeOnnx(whole).initialisers,
      external: { "decoder.onnx.data": 32_000 + 1600 + 1_254_400 + 3136 },
    });
    await truncate(`${path}.data`, 1000);
    await expect(readOnnxFile(path, { external: "find" })).rejects.toThrow(/reach to byte 32000 of/);
    await rm(`${path}.data`);
    await expect(readOnnxFile(path, { external: "find" })).rejects.toThrow(/decoder.onnx.data/);
    expect((await readOnnxFile(path, { external: "leave" })).bytes).toEqual(bytes);
    await expect(readOnnxFile(path, { external: "skip" as never })).rejects.toThrow(/"external" expected read, find/);
  });

  test("come back through the importer as they were", async () => {
    const { path } = await writtenApart();
    const { bytes, ...rest } = await readOnnxFile(path);
    const { program, parameters } = importOnnx(bytes, rest);
    const one = importOnnx(whole);
    const hashes = (tensors: ImportedOnnx["parameters"]) =>
      Object.entries(tensors).map(([name, { shape, data }]) => [name, shape, hashOf(data as Float32Array)]);
    expect(hashes(parameters)).toEqual(hashes(one.parameters));
    expect(program).toEqual(one.program);
  });
});

describe("runtimes", () => {
  const batch = 3;
  const z = pseudoRandom(batch * 20);

  async function expected(index: number): Promise<Record<string, Float32Array>> {
    const session = await runtimes[index]!.open(whole, "all");
    onTestFinished(() => session.release());
    return await session.runFed({ z }, batch);
  }

  // The same kernels on the same weights: the same bits.
  test("onnxruntime-node runs it by its path", async () => {
    const session = await openPath((await writtenApart()).path);
    onTestFinished(() => session.release());
    expect(await session.runFed({ z }, batch)).toEqual(await expected(0));
  });

  test("onnxruntime-web runs it with the data beside it", async () => {
    const { path } = await writtenApart();
    const data = { path: "decoder.onnx.data", data: new Uint8Array(await bytesAt(`${path}.data`)) };
    const session = await openBuffers(new Uint8Array(await bytesAt(path)), data);
    onTestFinished(() => session.release());
    expect(await session.runFed({ z }, batch)).toEqual(await expected(1));
  });
});

const other = draftModelPart(denseModel({ pixels: 300, hidden: 200, latent: 20 }), "decoder");
const suffixes = ["", ".data"] as const;
type Written = readonly (string | undefined)[];

/** Hashes of the model and of its data, if they are there. */
const filesAt = async (path: string): Promise<Written> =>
  await Promise.all(suffixes.map((suffix) => bytesAt(`${path}${suffix}`).then(hashOf, () => undefined)));

/** What `made` writes when it is let. */
async function filesOf(made: OnnxDraft, externalData: "always" | "never"): Promise<Written> {
  const path = join(await folder(), "m.onnx");
  await writeOnnxFile(path, made, { externalData });
  return await filesAt(path);
}

describe("files that are replaced", () => {
  const before = ["nothing", "one file", "two files"] as const;
  const ways = { "one file": "never", "two files": "always" } as const;
  const cases = before.flatMap((old) => (["one file", "two files"] as const).map((now) => [old, now] as const));

  async function starting(old: (typeof before)[number]): Promise<string> {
    const path = join(await folder(), "m.onnx");
    if (old !== "nothing") await writeOnnxFile(path, other, { externalData: ways[old] });
    return path;
  }

  test.each(cases)("%s by %s", async (old, now) => {
    const path = await starting(old);
    await writeOnnxFile(path, draft, { externalData: ways[now] });
    const made = await filesOf(draft, ways[now]);
    const [bytes, data] = await filesAt(path);
    expect(bytes).toBe(made[0]);
    if (now === "two files") expect(data).toBe(made[1]);
    const names = now === "two files" || old === "two files" ? ["m.onnx", "m.onnx.data"] : ["m.onnx"];
    expect((await readdir(join(path, ".."))).sort()).toEqual(names);
  });

  /** How writing two files is broken off, and the error that says so. */
  const failures: Record<string, (path: string) => Promise<unknown>> = {
    "by a signal before it begins": (path) =>
      writeOnnxFile(path, draft, { externalData: "always", signal: AbortSignal.abort(new Error("stopped")) }),
    "by a signal on the way": (path) => {
      const stop = new AbortController();
      const onProgress = () => stop.abort(new Error("stopped"));
      return writeOnnxFile(path, draft, { externalData: "always", signal: stop.signal, onProgress });
    },
    "by a check that fails": (path) =>
      writeOnnxFile(path, draft, { externalData: "always", check: () => Promise.reject(new Error("stopped")) }),
    "by a signal during the check": (path) => {
      const stop = new AbortController();
      const check = async () => stop.abort(new Error("stopped"));
      return writeOnnxFile(path, draft, { externalData: "always", signal: stop.signal, check });
    },
    "by weights that cannot be made": (path) => {
      const failing: OnnxDraft = {
        ...draft,
        apart: (location) => {
          const { model: file, data } = draft.apart(location);
          const chunks = function* () {
            for (const [index, chunk] of [...data.chunks()].entries()) {
              if (index === 2) throw new Error("stopped");
              yield chunk;
            }
          };
          return { model: file, data: { length: data.length, chunks } };
        },
      };
      return writeOnnxFile(path, failing, { externalData: "always" });
    },
  };
  const broken = before.flatMap((old) => Object.keys(failures).map((how) => [old, how] as const));

  test.each(broken)("%s stay as they were when writing is broken off %s", async (old, how) => {
    const path = await starting(old);
    const there = await filesAt(path);
    const names = await readdir(join(path, ".."));
    await expect(failures[how]!(path)).rejects.toThrow("stopped");
    expect(await filesAt(path)).toEqual(there);
    expect(await readdir(join(path, ".."))).toEqual(names);
  });

  test.each(before)("%s come back when the last rename fails", async (old) => {
    const path = await starting(old);
    const there = await filesAt(path);
    const names = await readdir(join(path, ".."));
    // The model that is to be renamed is gone, and the data are in their place already.
    const check = (fresh: string): Promise<void> => rm(fresh);
    await expect(writeOnnxFile(path, draft, { externalData: "always", check })).rejects.toThrow(
      expect.objectContaining({
        code: "FILE_WRITE",
        message: expect.stringMatching(/m.onnx: no such file or folder$/),
      }),
    );
    expect(await filesAt(path)).toEqual(there);
    expect(await readdir(join(path, ".."))).toEqual(names);
  });

  test("are checked under their own names", async () => {
    const path = await starting("two files");
    let checked: Written = [];
    const check = async (fresh: string): Promise<void> => {
      expect(basename(fresh)).toBe("m.onnx");
      expect(fresh).not.toBe(path);
      checked = await filesAt(fresh);
      const session = await openPath(fresh);
      await session.release();
    };
    await writeOnnxFile(path, draft, { externalData: "always", check });
    expect(checked).toEqual(await filesAt(path));
  });
});

test("progress goes up to the whole", async () => {
  const seen: number[] = [];
  let total = 0;
  const onProgress = (progress: { readonly written: number; readonly total: number }): void => {
    seen.push(progress.written);
    total = progress.total;
  };
  const written = await writeOnnxFile(join(await folder(), "m.onnx"), draft, { externalData: "always", onProgress });
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  expect(seen.at(-1)).toBe(total);
  expect(total).toBe(written.bytes + written.data!.bytes);
});

describe("refused", () => {
  const never = { chunks: (): Iterable<Uint8Array> => expect.unreachable("nothing is written") };
  const large: OnnxDraft = {
    ...draft,
    whole: () => ({ length: 2 ** 31, ...never }),
    apart: () => ({ model: { length: 2 ** 31, ...never }, data: { length: 10, ...never } }),
  };

  test("a model that no single file holds, where there must be one", async () => {
    const path = join(await folder(), "m.onnx");
    await expect(writeOnnxFile(path, large, { externalData: "never" })).rejects.toThrow(
      /expected at most 2147483647 bytes in an ONNX file, got 2147483648 and "externalData" never; auto and always/,
    );
    await expect(writeOnnxFile(path, large)).rejects.toThrow(/got 2147483648$/);
    expect(await readdir(join(path, ".."))).toEqual([]);
  });

  test("options that are none", async () => {
    const path = join(await folder(), "m.onnx");
    await expect(writeOnnxFile(path, draft, { externalData: "maybe" as never })).rejects.toThrow(
      /"externalData" expected auto, never or always, got maybe/,
    );
    for (const largestFile of [-1, 0.5, 2 ** 31]) {
      await expect(writeOnnxFile(path, draft, { largestFile })).rejects.toThrow(
        /"largestFile" expected a whole number/,
      );
    }
  });

  test("data beside a link or a device, and folders in the way", async () => {
    const at = await folder();
    await symlink("m.onnx", join(at, "link.onnx"));
    await mkdir(join(at, "m.onnx.data"));
    const writing = (name: string) => writeOnnxFile(join(at, name), draft, { externalData: "always" });
    await expect(writing("link.onnx")).rejects.toThrow(/"path" expected an ordinary file/);
    await expect(writeOnnxFile("/dev/null", draft, { externalData: "always" })).rejects.toThrow(/"path" expected an/);
    await expect(writing("m.onnx")).rejects.toThrow(/cannot write .*m.onnx.data: it is a folder/);
    await expect(writeOnnxFile(at, draft)).rejects.toThrow(/it is a folder/);
    await expect(writing("none/m.onnx")).rejects.toThrow(
      expect.objectContaining({
        code: "FILE_WRITE",
        message: expect.stringMatching(/none.m.onnx: no such file or folder$/),
      }),
    );
    expect((await readdir(at)).sort()).toEqual(["link.onnx", "m.onnx.data"]);
  });

  test("a model file that protobuf does not allow, before it is read", async () => {
    const path = join(await folder(), "m.onnx");
    await writeFile(path, whole);
    await truncate(path, 2 ** 31); // sparse: takes no room on the disk
    await expect(readOnnxFile(path)).rejects.toThrow(
      expect.objectContaining({
        code: "ONNX_INVALID",
        message: expect.stringMatching(/has 2147483648 bytes; protobuf/),
      }),
    );
  });
});

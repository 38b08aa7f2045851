/** The checker and the shape inference of ONNX itself (Debian's python3-onnx) accept what is exported. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { decodeModel } from "../src/decode.ts";
import { encodeModel } from "../src/encode.ts";
import { calibrate, draftModelPart, exportModelPart } from "../src/index.ts";
import { writeOnnxFile } from "../src/node.ts";
import { denseModel, sizes } from "./support/models.ts";
import { exportCase, operationCases } from "./support/operation-cases.ts";
import { reductions } from "./support/precision.ts";
import type { Arrays } from "./support/runtimes.ts";
import { exportable, feedsFor, imageModels, partsOf, partsOfAll, smallZoo } from "./support/zoo.ts";

const PYTHON = "/usr/bin/python3";
const program = fileURLToPath(new URL("../../../tools/fixtures/onnx_check.py", import.meta.url));
const missing = spawnSync(PYTHON, ["-c", "import onnx"]).status !== 0;

interface Verdict {
  readonly same: boolean;
  readonly declared: Readonly<Record<string, readonly (number | string)[]>>;
  readonly inferred: Readonly<Record<string, readonly (number | string)[]>>;
}

/** One verdict per file; the checker's own words in the error when it refuses one. */
function check(files: readonly Uint8Array[]): Verdict[] {
  const folder = mkdtempSync(join(tmpdir(), "isthmus-onnx-"));
  try {
    const paths = files.map((bytes, i) => {
      const path = join(folder, `${i}.onnx`);
      writeFileSync(path, bytes);
      return path;
    });
    const { status, stdout, stderr } = spawnSync(PYTHON, [program, ...paths], { encoding: "utf8", maxBuffer: 2 ** 28 });
    if (status !== 0) throw new Error(stderr);
    return stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Verdict);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe.skipIf(missing)("python3-onnx (apt-get install python3-onnx)", () => {
  test.each(Object.entries(sizes))(
    "accepts both parts of a dense model, %s, and infers what is declared",
    (_, size) => {
      for (const kind of ["ae", "vae"] as const) {
        const model = denseModel(size, kind);
        for (const verdict of check([exportModelPart(model, "encoder"), exportModelPart(model, "decoder")])) {
          expect(verdict.inferred).toEqual(verdict.declared);
          expect(verdict.same).toBe(true);
        }
      }
    },
  );

  test("refuses what it should: nodes out of order, and a shape that does not follow", () => {
    const model = decodeModel(exportModelPart(denseModel(sizes["odd"]!), "decoder"));
    const { nodes, outputs } = model.graph;
    const broken = (change: object) => check([encodeModel({ ...model, graph: { ...model.graph, ...change } })]);
    expect(() => broken({ nodes: nodes.toReversed() })).toThrow(/topologically sorted/);
    expect(() => broken({ outputs: outputs.map((output) => ({ ...output, shape: ["batch", 12] })) })).toThrow(
      /Inference/i,
    );
  });

  test.each([13, 15, 17] as const)("accepts every operation in operator set %i", (opset) => {
    const profiles = ["portable", "compact"] as const;
    const made = profiles.flatMap((profile) => operationCases.map(({ make }) => exportCase(make, { opset, profile })));
    const verdicts = check(made.map(({ bytes }) => bytes));
    expect(verdicts).toHaveLength(made.length);
    for (const verdict of verdicts) expect(verdict.same).toBe(true);
  });

  test.each([13, 17] as const)("accepts every part of every model in operator set %i", (opset) => {
    const files = partsOfAll(smallZoo).map(([, { model, part, sample }]) =>
      exportModelPart(model, part, { sample, opset }),
    );
    for (const verdict of check(files)) expect(verdict.same).toBe(true);
  });

  test("reads the weights of a model from the file beside it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "isthmus-onnx-"));
    try {
      const path = join(folder, "decoder.onnx");
      const draft = draftModelPart(denseModel(sizes["standard"]!), "decoder");
      await writeOnnxFile(path, draft, { externalData: "always" });
      const script = fileURLToPath(new URL("../../../tools/fixtures/onnx_external.py", import.meta.url));
      const { status, stdout, stderr } = spawnSync(PYTHON, [script, path], { encoding: "utf8" });
      if (status !== 0) throw new Error(stderr);
      const { hashes, places } = JSON.parse(stdout) as {
        readonly hashes: Readonly<Record<string, string>>;
        readonly places: Readonly<Record<string, Readonly<Record<string, string>>>>;
      };
      const one = decodeModel(Buffer.concat([...draft.whole().chunks()])).graph.initialisers;
      const expected = one.map(({ name, data }) => [name, createHash("sha256").update(data).digest("hex")]);
      expect(hashes).toEqual(Object.fromEntries(expected));
      expect(Object.keys(places)).toEqual(one.filter(({ data }) => data.length >= 1024).map(({ name }) => name));
      expect(Object.values(places).every(({ location }) => location === "decoder.onnx.data")).toBe(true);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test.each([13, 17] as const)("accepts every part in every precision, operator set %i", async (opset) => {
    const files = [];
    for (const [, definition] of [...smallZoo.slice(0, 2), ...imageModels]) {
      const model = exportable(definition);
      for (const asked of partsOf(definition).filter(({ part }) => part !== "prior")) {
        const { part, sample } = asked;
        const batches = [feedsFor(model, asked, 2) as Arrays];
        const ranges = await calibrate(exportModelPart(model, part, { sample, opset }), { batches });
        files.push(...reductions(ranges).map((options) => exportModelPart(model, part, { ...options, sample, opset })));
      }
    }
    for (const { same, declared, inferred } of check(files)) {
      expect(same).toBe(true);
      expect(inferred).toMatchObject(declared);
    }
  });

  test("accepts images in every shape, bytes and a fixed batch", () => {
    const files = imageModels.flatMap(([, definition]) => {
      const model = exportable(definition);
      return (["nhwc", "nchw"] as const).flatMap((layout) => [
        exportModelPart(model, "autoencoder", { layout, opset: 13, uint8: true }),
        exportModelPart(model, "autoencoder", { layout, batch: 2, profile: "compact" }),
      ]);
    });
    for (const verdict of check(files)) expect(verdict.same).toBe(true);
  });
});

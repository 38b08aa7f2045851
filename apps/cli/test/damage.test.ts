import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson, contentHash, readModelFile, readSafetensors, writeSafetensors } from "@isthmus/graph";
import { uint32Sequence } from "@isthmus/math";
import { exportModelPart } from "@isthmus/onnx";
import { beforeAll, describe, expect, it } from "vitest";
import { complaint, isthmus, report } from "./support/cli.ts";
import { DIGITS, SMALL } from "./support/data.ts";
import { sharedFolder } from "./support/folder.ts";

const folder = await sharedFolder();
const file = (name: string): string => join(folder, name);
const model = file("m.safetensors");
const stream = file("x.isth");
const damaged = file("damaged stream.isth");
let bytes: Buffer;

beforeAll(async () => {
  // Narrow bins, so that the stream has something to carry although the network has hardly begun to learn.
  await report("train", "vae", ...SMALL, "--step-scale", "0.02", "-o", model);
  await report("train", "ae", ...SMALL, "-o", file("other.safetensors"));
  await report("encode", model, ...DIGITS, "--range", "0:60", "-o", stream);
  await report("export", model, "--part", "decoder", "-o", file("decoder.onnx"));
  await report("sample", model, "-n", "4", "-o", file("s.png"));
  bytes = await readFile(stream);
});

/** `decode` on these bytes, which it must refuse: the one line. */
async function refused(content: Uint8Array): Promise<string> {
  await writeFile(damaged, content);
  const line = await complaint("decode", model, damaged, "-o", file("never.npy"));
  expect(await readdir(folder)).not.toContain("never.npy");
  return line;
}

const BITSTREAM = /: byte \d+: .+ \[BITSTREAM_[A-Z_]+\]$/;

describe("a stream", () => {
  it("carries more than a header", () => expect(bytes.length).toBeGreaterThan(100));

  it("cut short anywhere is refused with its name and the place", async () => {
    for (let length = 0; length < bytes.length; length++) {
      const line = await refused(bytes.subarray(0, length));
      expect(line.startsWith(`${damaged}: byte `), line).toBe(true);
      expect(line).toMatch(BITSTREAM);
    }
  });

  it("with one bit flipped in any byte is refused with its name and the place", async () => {
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Buffer.from(bytes);
      flipped[at]! ^= 1 << (at % 8);
      const line = await refused(flipped);
      expect(line.startsWith(`${damaged}: byte `), line).toBe(true);
      expect(line).toMatch(BITSTREAM);
    }
  });

  it("with bytes after its end is refused", async () => {
    expect(await refused(Buffer.concat([bytes, Buffer.of(0)]))).toMatch(BITSTREAM);
  });

  it("of another model is refused", async () => {
    const line = await complaint("decode", file("other.safetensors"), stream, "-o", file("never.npy"));
    expect(line).toMatch(
      /x\.isth: byte 4: the frame was made by model \w{16}, not by model \w{16} \[BITSTREAM_MODEL\]$/,
    );
  });

  it("that is something else is refused", async () => {
    for (const name of ["s.png", "m.safetensors", "decoder.onnx"]) {
      const line = await complaint("decode", model, file(name), "-o", file("never.npy"));
      expect(line).toContain(`${file(name)}: byte 0: `);
      expect(line).toMatch(/\[BITSTREAM_MAGIC\]$/);
    }
  });
});

/** Flips one bit at each of `count` places drawn with a fixed seed, and runs `body` on each result. */
async function withFlips(content: Buffer, count: number, body: (flipped: Buffer) => Promise<void>): Promise<void> {
  const draw = uint32Sequence({ seed: 7, stream: "test.flips" });
  for (let flip = 0; flip < count; flip++) {
    const flipped = Buffer.from(content);
    flipped[draw() % content.length]! ^= 1 << (draw() % 8);
    await body(flipped);
  }
}

describe("one flipped bit is never a bug", () => {
  it.each([
    ["the head of a model file", 8192],
    ["the whole of a model file", Infinity],
  ])("in %s", async (_, limit) => {
    const content = await readFile(model);
    const head = content.subarray(0, limit);
    const path = file("damaged.safetensors");
    const codes = new Set<number>();
    await withFlips(head, 150, async (flipped) => {
      await writeFile(path, Buffer.concat([flipped, content.subarray(head.length)]));
      for (const args of [
        ["inspect", path],
        ["decode", path, stream, "-o", file("r.npy")],
      ]) {
        const { code, stderr } = await isthmus(args);
        expect([0, 2], stderr).toContain(code);
        if (code === 2) expect(stderr).toContain(path);
        codes.add(code);
      }
    });
    expect(codes).toContain(2);
  });

  it("in a checkpoint", async () => {
    const content = await readFile(file("m.checkpoint.safetensors"));
    const path = file("damaged.checkpoint.safetensors");
    await withFlips(content.subarray(0, 8192), 60, async (flipped) => {
      await writeFile(path, Buffer.concat([flipped, content.subarray(flipped.length)]));
      const line = await complaint(...["train", "vae", ...SMALL, "--resume", "-o", file("damaged.safetensors")]);
      expect(line).toContain(path);
    });
  });

  it("in an ONNX file's structure", async () => {
    const content = await readFile(file("decoder.onnx"));
    const path = file("damaged.onnx");
    const draw = uint32Sequence({ seed: 8, stream: "test.flips" });
    // Names, shapes and lengths lie around the weights, which are most of the file; a flip in those is a number.
    const structure = [...content.keys()].filter((at) => at < 600 || at > content.length - 600);
    for (let flip = 0; flip < 60; flip++) {
      const flipped = Buffer.from(content);
      flipped[structure[draw() % structure.length]!]! ^= 1 << (draw() % 8);
      await writeFile(path, flipped);
      for (const args of [
        ["inspect", path],
        ["decode", model, stream, "--onnx", path, "-o", file("o.npy")],
      ]) {
        const { code, stderr } = await isthmus(args);
        expect([0, 2], stderr).toContain(code);
        if (code === 2) expect(stderr).toContain(path);
      }
    }
  });
});

describe("a model file", () => {
  it("that is another kind of file is told by what it looks like", async () => {
    for (const [name, kind] of [
      ["x.isth", "an .isth stream"],
      ["decoder.onnx", "ONNX"],
      ["s.png", "PNG"],
    ] as const) {
      expect(await complaint("eval", file(name), ...DIGITS)).toBe(
        `${file(name)} is no model file; it looks like ${kind}`,
      );
    }
    const checkpoint = file("m.checkpoint.safetensors");
    expect(await complaint("eval", checkpoint, ...DIGITS)).toContain(
      `${checkpoint}: a safetensors file, but not an isthmus model`,
    );
  });

  it("whose configuration is not that of its tensors is refused, its hash made anew or not", async () => {
    const { metadata, tensors } = readSafetensors(await readFile(model));
    const { sha256, ...rest } = metadata;
    const spoiled = file("damaged.safetensors");
    const refusal = async (config: string, seal: (metadata: Record<string, string>) => string): Promise<string> => {
      const changed = { ...rest, config };
      await writeFile(spoiled, writeSafetensors({ metadata: { ...changed, sha256: seal(changed) }, tensors }));
      return complaint("eval", spoiled, ...DIGITS);
    };
    for (const [from, to] of [
      ['"latent":3', '"latent":5'],
      ['"hidden":[16]', '"hidden":[-6]'],
    ] as const) {
      expect(rest["config"]).toContain(from);
      const config = rest["config"]!.replace(from, to);
      expect(await refusal(config, () => sha256!)).toMatch(/damaged\.safetensors: model file: .+ \[MODEL_FILE_HASH\]$/);
      const sealed = await refusal(config, (changed) => contentHash(canonicalJson(changed)));
      expect(sealed).toMatch(/damaged\.safetensors: model file: .+ \[MODEL_FILE_INVALID\]$/);
    }
  });
});

describe("a decoder for --onnx", () => {
  const decode = (onnx: string): Promise<string> => {
    return complaint("decode", model, stream, "--onnx", file(onnx), "-o", file("never.npy"));
  };

  it("that gives bytes is refused", async () => {
    const trained = readModelFile(await readFile(model));
    await writeFile(file("bytes.onnx"), exportModelPart(trained, "decoder", { uint8: true }));
    expect(await decode("bytes.onnx")).toMatch(/gives items as bytes, decode takes them as the network gives them$/);
  });

  it("that is the encoder, or another model's, is refused", async () => {
    await report("export", model, "--part", "encoder", "-o", file("encoder.onnx"));
    await report("export", file("other.safetensors"), "--part", "decoder", "-o", file("others.onnx"));
    expect(await decode("encoder.onnx")).toMatch(/is no decoder \(z -> reconstruction\): it makes mu, logVar of x$/);
    expect(await decode("others.onnx")).toMatch(
      /was exported from another model \(decoder \w{16}, this model's is \w{16}\)$/,
    );
  });

  it("that is something else is refused", async () => {
    for (const name of ["s.png", "m.safetensors", "x.isth"]) {
      expect(await decode(name)).toMatch(/\[ONNX_INVALID\]$/);
    }
  });
});

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Model, readModelFile, type StoredTensor } from "@isthmus/graph";
import { initialFingerprint, readCheckpoint } from "@isthmus/train";
import { beforeAll, describe, expect, it } from "vitest";
import { complaint, isthmus, report } from "./support/cli.ts";
import { SMALL } from "./support/data.ts";
import { sharedFolder } from "./support/folder.ts";

const folder = await sharedFolder();
const file = (name: string): string => join(folder, name);
const from = file("vae.safetensors");
const opened = async (path: string): Promise<Model> => readModelFile(await readFile(path));
/** Three steps of Adam at this rate move nothing by more than 1e-11: what training begins with is what it ends with. */
const STILL = ["--lr", "1e-12"];

function expectSame(actual: StoredTensor | undefined, expected: StoredTensor | undefined): void {
  expect(actual!.shape).toEqual(expected!.shape);
  actual!.data.forEach((value, i) => expect(Math.abs(value - expected!.data[i]!)).toBeLessThan(1e-11));
}

beforeAll(async () => {
  await report("train", "vae", ...SMALL, "--seed", "7", "-o", from);
});

describe("train --start-from", () => {
  it("begins with the tensors of the same names, and draws the others", async () => {
    const out = file("mixture.safetensors");
    const { stderr } = await isthmus([
      "train",
      "mixture-prior-vae",
      ...SMALL,
      ...STILL,
      "--start-from",
      from,
      "-o",
      out,
    ]);
    const { parameters: begun } = await opened(from);
    await report("train", "mixture-prior-vae", ...SMALL, ...STILL, "-o", file("drawn.safetensors"));
    const { parameters: drawn } = await opened(file("drawn.safetensors"));
    const { parameters } = await opened(out);
    for (const [name, tensor] of Object.entries(begun)) expectSame(parameters[name], tensor);
    for (const name of ["prior.mu", "prior.logVar", "prior.logits"]) {
      expectSame(parameters[name], drawn[name]);
    }
    expect(stderr).toContain(
      `starts from ${Object.keys(begun).length} tensors of ${from} (vae); drawn: prior.logVar, prior.logits, prior.mu`,
    );
  });

  it("says so in the model file and the checkpoint, without a path", async () => {
    const out = file("said.safetensors");
    const { startFrom } = await report("train", "vae", ...SMALL, "--start-from", from, "-o", out);
    const { parameters } = await opened(from);
    const { training } = (await opened(out)).provenance as Record<string, any>;
    const sha256 = initialFingerprint(parameters);
    expect(training.startFrom).toEqual({ kind: "vae", tensors: Object.keys(parameters), sha256 });
    expect(startFrom).toEqual(training.startFrom);
    expect(readCheckpoint(await readFile(file("said.checkpoint.safetensors"))).run["initial"]).toBe(sha256);
    expect((await opened(from)).provenance["training"]).not.toHaveProperty("startFrom");
  });

  it("goes on from a checkpoint to the same bytes, and with no other start", async () => {
    const out = file("resumed.safetensors");
    const train = (...options: string[]) =>
      report("train", "vae", ...SMALL, "--start-from", from, ...options, "-o", out);
    await train("--epochs", "2");
    const whole = await readFile(out);
    await train();
    await train("--epochs", "2", "--resume");
    expect((await readFile(out)).equals(whole)).toBe(true);
    const line = await complaint("train", "vae", ...SMALL, "--epochs", "3", "--resume", "-o", out);
    expect(line).toContain('the checkpoint expected "initial" "');
  });

  it("refuses in one line tensors of other shapes, and what is no model file", async () => {
    const train = ["train", "vae", ...SMALL, "-o", file("never.safetensors"), "--start-from"];
    expect(await complaint(...train, from, "--hidden", "8")).toContain(
      `--start-from ${from}: its "decoder.dense0.bias" is [16], that of the model to train [8]`,
    );
    const checkpoint = file("vae.checkpoint.safetensors");
    expect(await complaint(...train, checkpoint)).toContain(checkpoint);
    expect(await complaint(...train, file("nowhere.safetensors"))).toContain("nowhere.safetensors");
  });
});

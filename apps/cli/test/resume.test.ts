import { existsSync } from "node:fs";
import { copyFile, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { readModelFile } from "@isthmus/graph";
import { readCheckpoint } from "@isthmus/train";
import { beforeAll, describe, expect, it } from "vitest";
import { Interrupted } from "../src/errors.ts";
import { complaint, isthmus, report, start } from "./support/cli.ts";
import { SMALL } from "./support/data.ts";
import { sharedFolder, temporaryFolder } from "./support/folder.ts";

/** An epoch takes most of a second: a process can be caught in the middle of one. */
const LONG = "--data synthetic --limit 12000 --hidden 256 --latent 8 --epochs 2".split(" ");

/** Runs a training of its own process until its first checkpoint is there and more steps are under way. */
async function untilSecondEpoch(out: string): Promise<ReturnType<typeof start>> {
  const run = start(["train", "vae", ...LONG, "-o", out]);
  const checkpoint = out.replace(".safetensors", ".checkpoint.safetensors");
  while (!existsSync(checkpoint) && run.process.exitCode === null) await delay(5);
  await delay(60);
  expect(run.process.exitCode, run.stderr).toBeNull();
  return run;
}

/** Looks at a file again and again while `during` runs: every content it ever had. */
async function contentsDuring(path: string, during: Promise<unknown>): Promise<Buffer[]> {
  const seen: Buffer[] = [];
  let over = false;
  const end = during.finally(() => (over = true));
  while (!over) {
    const bytes = existsSync(path) ? await readFile(path) : undefined;
    if (bytes && !seen.some((known) => known.equals(bytes))) seen.push(bytes);
    await delay(2);
  }
  await end;
  return seen;
}

describe("a run of two epochs", async () => {
  const whole = await sharedFolder();
  let uninterrupted: Buffer;

  beforeAll(async () => {
    const out = join(whole, "m.safetensors");
    await report("train", "vae", ...LONG, "-o", out);
    uninterrupted = await readFile(out);
  });

  it("killed in the second epoch goes on to the same bytes, and no half a file is ever there", async () => {
    const folder = await temporaryFolder();
    const out = join(folder, "m.safetensors");
    const run = await untilSecondEpoch(out);
    run.process.kill("SIGKILL");
    await run.ended;
    expect(await readdir(folder)).toEqual(["m.checkpoint.safetensors"]);
    expect(readCheckpoint(await readFile(join(folder, "m.checkpoint.safetensors"))).epoch).toBe(1);

    const resumed = start(["train", "vae", ...LONG, "--resume", "-o", out, "--json"]);
    const seen = await contentsDuring(out, resumed.ended);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(resumed.stderr).not.toContain("epoch 1/2");
    expect(JSON.parse(resumed.stdout)).toMatchObject({ epochs: 2, steps: 2 * Math.ceil(12_000 / 128) });
    expect((await readFile(out)).equals(uninterrupted)).toBe(true);
    expect(seen.every((bytes) => bytes.equals(uninterrupted))).toBe(true);
    expect((await readdir(folder)).toSorted()).toEqual(["m.checkpoint.safetensors", "m.safetensors"]);
  });

  it("stopped by Control-C says so in one line, ends with 130, and goes on to the same bytes", async () => {
    const folder = await temporaryFolder();
    const out = join(folder, "m.safetensors");
    const run = await untilSecondEpoch(out);
    run.process.kill("SIGINT");
    const { code, stdout, stderr } = await run.ended;
    expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
    expect(stderr).toMatch(/\nisthmus: stopped; --resume goes on from epoch 1\n$/);
    expect(await readdir(folder)).toEqual(["m.checkpoint.safetensors"]);
    await report("train", "vae", ...LONG, "--resume", "-o", out);
    expect((await readFile(out)).equals(uninterrupted)).toBe(true);
  });

  it("leaves an old model of that name whole until the new one is", async () => {
    const out = join(await temporaryFolder(), "m.safetensors");
    await report("train", "ae", ...SMALL, "-o", out);
    const old = await readFile(out);
    const seen = await contentsDuring(out, report("train", "vae", ...LONG, "-o", out));
    expect(seen[0]!.equals(old)).toBe(true);
    for (const bytes of seen) expect(["ae", "vae"]).toContain(readModelFile(bytes).kind);
    expect((await readFile(out)).equals(uninterrupted)).toBe(true);
  });
});

describe("--resume", () => {
  it("goes on to more epochs than were asked for before, as if they had been", async () => {
    const folder = await temporaryFolder();
    const [once, twice] = [join(folder, "once.safetensors"), join(folder, "twice.safetensors")];
    await report("train", "vae", ...SMALL, "--epochs", "3", "-o", once);
    await report("train", "vae", ...SMALL, "--epochs", "1", "-o", twice);
    const { epochs, steps } = await report("train", "vae", ...SMALL, "--epochs", "3", "--resume", "-o", twice);
    expect({ epochs, steps }).toEqual({ epochs: 3, steps: 9 });
    expect((await readFile(twice)).equals(await readFile(once))).toBe(true);
  });

  it("goes on in the middle of a schedule, with any optimiser, to the same bytes", async () => {
    const folder = await temporaryFolder();
    const schedule = ["--schedule", "cosine", "--lr-epochs", "3", "--warm-up", "2", "--clip-norm", "20"];
    for (const how of [
      ["--optimiser", "sgd", "--momentum", "0.9"],
      ["--optimiser", "adamw"],
    ]) {
      const [once, twice] = [join(folder, `${how[1]}1.safetensors`), join(folder, `${how[1]}2.safetensors`)];
      const train = ["train", "vae", ...SMALL, ...schedule, ...how];
      await report(...train, "--epochs", "3", "-o", once);
      await report(...train, "--epochs", "1", "-o", twice);
      await report(...train, "--epochs", "3", "--resume", "-o", twice);
      expect((await readFile(twice)).equals(await readFile(once))).toBe(true);
    }
  });

  it("with nothing left to train writes the same model again, says so, and counts the epochs that were", async () => {
    const out = join(await temporaryFolder(), "m.safetensors");
    await report("train", "vae", ...SMALL, "--epochs", "2", "-o", out);
    const model = await readFile(out);
    await rm(out);
    const { code, stdout, stderr } = await isthmus([
      ...["train", "vae", ...SMALL, "--epochs", "1", "--resume", "-o", out],
    ]);
    expect(code).toBe(0);
    expect(stderr).toContain("has 2 epochs already; nothing is left to train");
    expect(stdout).toContain("2 epochs, 6 steps");
    expect((await readFile(out)).equals(model)).toBe(true);
  });

  it("without a checkpoint is refused before anything is read", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "m.safetensors");
    const line = await complaint("train", "vae", ...SMALL, "--resume", "-o", path);
    expect(line).toBe(
      `--resume: there is no checkpoint ${join(folder, "m.checkpoint.safetensors")}; start without --resume`,
    );
    expect(await readdir(folder)).toEqual([]);
  });
});

describe("another run's checkpoint", async () => {
  const folder = await sharedFolder();
  const out = join(folder, "m.safetensors");
  const checkpoint = join(folder, "m.checkpoint.safetensors");
  beforeAll(async () => {
    await report("train", "vae", ...SMALL, "-o", out);
    await copyFile(checkpoint, join(folder, "kept"));
  });

  it.each([
    ["seed", ["--seed", "2"]],
    ["batchSize", ["--batch", "64"]],
    ["learningRate", ["--lr", "2e-3"]],
    ["optimiser.kind", ["--optimiser", "adamw"]],
    ["learningRate", ["--schedule", "cosine"]],
    ["maxGradientNorm", ["--clip-norm", "10"]],
    ["config.trunk.hidden", ["--hidden", "17"]],
    ["config.latent", ["--latent", "4"]],
    ["config.likelihood.kind", ["--likelihood", "gaussian"]],
    ["config.binarize", ["--binarize", "threshold"]],
    ["data.items", ["--limit", "299"]],
  ])("is refused in one line that names %s", async (field, options) => {
    const before = await readFile(out);
    const line = await complaint("train", "vae", ...SMALL, ...options, "--epochs", "2", "--resume", "-o", out);
    expect(line).toMatch(
      new RegExp(`^cannot resume: the checkpoint expected "${field}" \\S+, got \\S+ \\[CHECKPOINT_MISMATCH\\]$`),
    );
    expect((await readFile(out)).equals(before)).toBe(true);
    expect((await readFile(checkpoint)).equals(await readFile(join(folder, "kept")))).toBe(true);
  });

  it("is refused for another kind of model", async () => {
    const line = await complaint("train", "ae", ...SMALL, "--resume", "-o", out);
    expect(line).toContain(`expected "kind" "vae", got "ae"`);
  });

  it("is refused when it is damaged or none, with its name", async () => {
    const bytes = await readFile(checkpoint);
    bytes[bytes.length - 5]! ^= 1;
    await writeFile(checkpoint, bytes);
    const flipped = await complaint("train", "vae", ...SMALL, "--resume", "-o", out);
    expect(flipped).toContain(checkpoint);
    expect(flipped).toContain("[CHECKPOINT_HASH]");
    await truncate(checkpoint, 1000);
    const cut = await complaint("train", "vae", ...SMALL, "--resume", "-o", out);
    expect(cut).toContain(checkpoint);
    expect(cut).toContain("[SAFETENSORS_INVALID]");
    await copyFile(out, checkpoint);
    const model = await complaint("train", "vae", ...SMALL, "--resume", "-o", out);
    expect(model).toContain("not an isthmus checkpoint");
  });
});

describe("stopping", () => {
  it("in the first epoch stores nothing and says so", async () => {
    const folder = await temporaryFolder();
    const stop = new AbortController();
    const outcome = await isthmus(["train", "vae", ...LONG, "-o", join(folder, "m.safetensors")], {
      signal: stop.signal,
      onStderr: (text) => text.startsWith("vae on") && stop.abort(new Interrupted("stopped")),
    });
    expect(outcome).toMatchObject({ code: 130, stdout: "" });
    expect(outcome.stderr).toMatch(/\nisthmus: stopped; no epoch was finished, so nothing was stored\n$/);
    expect(await readdir(folder)).toEqual([]);
  });
});

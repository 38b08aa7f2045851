/** `train --engine`: TensorFlow.js in the place of our kernels. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readModelFile } from "@isthmus/graph";
import { readCheckpoint } from "@isthmus/train";
import { describe, expect, it } from "vitest";
import { complaint, isthmus, report } from "./support/cli.ts";
import { SMALL } from "./support/data.ts";
import { sharedFolder } from "./support/folder.ts";

const folder = await sharedFolder();
const file = (name: string): string => join(folder, name);
const train = (...options: string[]) => ["train", "vae", ...SMALL, ...options];

describe.each(["tfjs:wasm", "tfjs:cpu"])("--engine %s", (name) => {
  it("trains a model that our engine then evaluates, and says what trained it", async () => {
    const out = file(`${name.slice(5)}.safetensors`);
    const { engine, test } = await report(...train("--engine", name, "-o", out));
    expect(engine).toBe(name);
    const { provenance } = readModelFile(await readFile(out));
    expect(provenance).toMatchObject({ engine: { name: "tfjs", build: name.slice(5) } });
    const ours = await report(...train("-o", file("ours.safetensors")));
    expect(ours.engine).toMatch(/^wasm:/);
    // Three steps of some hundred roundings of 2^-24.
    expect(Math.abs(test.negElbo / ours.test.negElbo - 1)).toBeLessThan(1000 * 2 ** -24);
    const evaluated = await isthmus(["eval", out, ...SMALL.slice(0, SMALL.indexOf("--limit"))]);
    expect(evaluated.code, evaluated.stderr).toBe(0);
  });
});

describe("--resume", () => {
  it("goes on with the engine that began, or with another that is asked for, and says so", async () => {
    const out = file("m.safetensors");
    const begun = async () => readCheckpoint(await readFile(file("m.checkpoint.safetensors"))).run["engine"];
    await report(...train("--engine", "tfjs:cpu", "-o", out));
    const same = await isthmus([...train("--epochs", "2", "--resume", "-o", out)]);
    expect(same.code, same.stderr).toBe(0);
    expect(same.stderr).toContain("engine tfjs (cpu)");
    expect(same.stderr).not.toContain("began this run");
    const other = await isthmus([...train("--epochs", "3", "--engine", "wasm", "--resume", "-o", out)]);
    expect(other.code, other.stderr).toBe(0);
    expect(other.stderr).toContain("tfjs:cpu began this run; another engine changes the last bits of the curve");
    expect(await begun()).toMatchObject({ name: "wasm" });
  });
});

describe("what cannot be is refused in one line", () => {
  it.each([
    [["--engine", "tensorflow"], "--engine <name>"],
    [["--engine", "tfjs:cpu", "--threads", "2"], "--threads goes with --engine wasm only"],
    [["--engine", "tfjs:wasm", "--build", "simd128"], "--build goes with --engine wasm only"],
  ])("%j", async (options, message) => {
    expect(await complaint(...train(...options, "-o", file("never")))).toContain(message);
  });
});

/** `--engine`: TensorFlow.js in the place of our kernels, or whichever is fastest. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readModelFile } from "@isthmus/graph";
import { readCheckpoint } from "@isthmus/train";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { complaint, isthmus, report, start } from "./support/cli.ts";
import { SMALL } from "./support/data.ts";
import { sharedFolder } from "./support/folder.ts";

const folder = await sharedFolder();
const file = (name: string): string => join(folder, name);
// What auto measures is remembered there, not in the user's own cache.
beforeAll(() => void vi.stubEnv("XDG_CACHE_HOME", folder));
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

describe("--engine auto", () => {
  it("measures the model's own step, says what it chose and why, and remembers", async () => {
    const run = () => isthmus([...train("--engine", "auto", "--json", "-o", file("auto.safetensors"))]);
    const first = await run();
    expect(first.code, first.stderr).toBe(0);
    const chosen = JSON.parse(first.stdout).engine.replace(/^wasm:.*/, "wasm");
    expect(first.stderr).toMatch(
      new RegExp(`^engine ${chosen}: the fastest, .* a run of training vae at batch 128; `, "m"),
    );
    const { stderr } = await run();
    expect(stderr).toMatch(new RegExp(`^engine ${chosen}: the fastest, .* and remembered`, "m"));
  });

  it("is what ISTHMUS_ENGINE may say, unless the command says otherwise", async () => {
    vi.stubEnv("ISTHMUS_ENGINE", "tfjs:cpu");
    expect((await report(...train("-o", file("env.safetensors")))).engine).toBe("tfjs:cpu");
    const named = await report(...train("--engine", "wasm", "-o", file("env.safetensors")));
    expect(named.engine).toMatch(/^wasm:/);
    vi.stubEnv("ISTHMUS_ENGINE", "fast");
    expect(await complaint(...train("-o", file("never")))).toContain("from env 'ISTHMUS_ENGINE' is invalid");
    vi.stubEnv("ISTHMUS_ENGINE", undefined);
  });
});

describe("other commands", () => {
  it("eval, encode and decode compute the same, each on the engine that is named", async () => {
    const model = file("m.safetensors");
    await report(...train("-o", model));
    const few = ["--data", "synthetic", "--range", "0:20"];
    const both = async (...args: string[]) =>
      Promise.all(["wasm", "tfjs:cpu"].map((name) => report(...args, "--engine", name)));
    const [ours, theirs] = await both("eval", model, ...few);
    // Means of 20 sums of 784 terms, of some hundred roundings each.
    expect(Math.abs(theirs.negElbo / ours.negElbo - 1)).toBeLessThan(1000 * 2 ** -24);
    const stream = file("x.isth");
    expect((await report("encode", model, ...few, "-o", stream, "--engine", "tfjs:cpu")).items).toBe(20);
    const decoded = await both("decode", model, stream, "-o", file("r.npy"));
    expect(decoded.map(({ runtime }) => runtime)).toEqual(["wasm", "tfjs:cpu"]);
  });
});

describe("where TensorFlow.js is not installed", () => {
  const hook = `export async function resolve(name, context, next) {
    if (!name.startsWith("@tensorflow/")) return next(name, context);
    throw Object.assign(new Error("Cannot find package '" + name + "'"), { code: "ERR_MODULE_NOT_FOUND" });
  }`;
  const asUrl = (code: string): string => `data:text/javascript,${encodeURIComponent(code)}`;
  const register = `import { register } from "node:module"; register(${JSON.stringify(asUrl(hook))});`;
  const without = (...args: readonly string[]) => start(args, ["--import", asUrl(register)]).ended;

  it("an engine of it says what to install, in one line; auto takes ours, and doctor says why", async () => {
    const { code, stdout, stderr } = await without(...train("--engine", "tfjs:wasm", "-o", file("never")));
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(
      /^data: .*\nisthmus: no engine here is what is required, tfjs:wasm; .*npm install @tensorflow\/tfjs-core@4\.22\.0 \[BACKEND_UNAVAILABLE\]\n$/,
    );
    const doctor = await without("doctor", "--anew");
    expect(doctor.code, doctor.stderr).toBe(0);
    expect(doctor.stdout).toMatch(/^engine +wasm: no other can be had here$/m);
    expect(doctor.stdout).toMatch(/^ +not tfjs:wasm: .*npm install @tensorflow\/tfjs-core@4\.22\.0$/m);
  });
});

describe("what cannot be is refused in one line", () => {
  it.each([
    [["--engine", "tensorflow"], "--engine <name>"],
    [["--engine", "tfjs:webgl"], "required, tfjs:webgl; tfjs:webgl: WebGL needs a canvas"],
    [["--engine", "tfjs:cpu", "--threads", "2"], "--threads goes with --engine wasm only"],
    [["--engine", "tfjs:wasm", "--build", "simd128"], "--build goes with --engine wasm only"],
  ])("%j", async (options, message) => {
    expect(await complaint(...train(...options, "-o", file("never")))).toContain(message);
  });
});

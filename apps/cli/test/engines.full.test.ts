/** `--engine`: every model and every link on every engine that this machine has. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readModelFile } from "@isthmus/graph";
import { modelKinds } from "@isthmus/models";
import { describe, expect, it, vi } from "vitest";
import { isthmus, report } from "./support/cli.ts";
import { DIGITS } from "./support/data.ts";
import { sharedFolder } from "./support/folder.ts";

// Every step of tfjs on the CPU takes its time, and so does a graphics card that the processor plays.
vi.setConfig({ testTimeout: 600_000 });

const folder = await sharedFolder();
const file = (name: string): string => join(folder, name);
const { environment } = await report("doctor", "--engine", "wasm");

it("there is a WebGPU adapter, Chromium's SwiftShader at the least", () => {
  expect(environment.webgpu.reason).toBeUndefined();
});

/** Two steps. */
const TINY = [...DIGITS, ..."--limit 64 --batch 32 --hidden 8 --latent 3 --epochs 1".split(" ")];

/** Models that are linear, or whose penalty wants one layer. */
const shallow = ["linear-ae", "linear-vae", "contractive-ae"];
const own = (kind: string): readonly string[] => (shallow.includes(kind) ? ["--hidden", "none"] : []);

type Report = Awaited<ReturnType<typeof report>>;

/** What our own engine comes to, of each kind once. */
const trained = new Map<string, Promise<Report>>();

function ours(kind: string): Promise<Report> {
  const args = ["train", kind, ...TINY, ...own(kind), "-o", file("ours.safetensors")];
  const known = trained.get(kind) ?? report(...args);
  trained.set(kind, known);
  return known;
}

describe.each(["tfjs:wasm", "tfjs:cpu", "tfjs:webgpu"])("train --engine %s", (name) => {
  it.each(modelKinds.map(({ kind }) => kind))("%s", async (kind) => {
    const out = file("m.safetensors");
    const args = ["train", kind, ...TINY, ...own(kind)];
    const { engine, test } = await report(...args, "--engine", name, "-o", out);
    expect(engine).toBe(name);
    const { test: expected } = await ours(kind);
    const [figure] = Object.keys(test).filter((key) => ["negElbo", "objective", "reconstruction"].includes(key));
    // Two steps from the same values: gradients of some hundred roundings of 2^-24, which Adam's first steps make
    // whole steps of where they are near 0; a hundredth of a per cent is far from what another model or seed would give.
    expect(Math.abs(test[figure!] / expected[figure!] - 1)).toBeLessThan(1e-4);
  });
});

it("channel train stores what trained it, and goes on with it or with another that is asked for", async () => {
  const out = file("link.safetensors");
  const link = [
    "channel",
    "train",
    "--preset",
    "paper",
    "--k",
    "2",
    "--n",
    "2",
    "--batch",
    "64",
    "--lr",
    "0.004",
    "-o",
    out,
  ];
  await report(...link, "--steps", "100", "--engine", "tfjs:wasm");
  expect(readModelFile(await readFile(out)).provenance).toMatchObject({ engine: { name: "tfjs", build: "wasm" } });
  const same = await isthmus([...link, "--steps", "200", "--resume"]);
  expect(same.code, same.stderr).toBe(0);
  expect(same.stderr).toContain("engine tfjs (wasm)");
  expect(same.stderr).not.toContain("began this run");
  const other = await isthmus([...link, "--steps", "300", "--resume", "--engine", "wasm"]);
  expect(other.code, other.stderr).toBe(0);
  expect(other.stderr).toContain("tfjs:wasm began this run; another engine changes the last bits of the curve");
});

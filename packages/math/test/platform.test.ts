import { fileURLToPath } from "node:url";
import vm from "node:vm";
import { build } from "vite";
import { expect, it } from "vitest";

/** The package as one classic script that sets `math`. */
async function bundle(): Promise<string> {
  const entry = fileURLToPath(new URL("../src/index.ts", import.meta.url));
  const result = await build({
    configFile: false,
    logLevel: "silent",
    build: { write: false, minify: false, lib: { entry, formats: ["iife"], name: "math" } },
  });
  const [output] = result as unknown as { output: { code: string }[] }[];
  return output!.output[0]!.code;
}

it("runs where there is no platform: no process, no Buffer, no TextEncoder, no console", async () => {
  const script = `${await bundle()}
    const z = new Float32Array(3);
    math.randomNormal(z, { seed: 1, stream: "é", step: 0 });
    const q = { mu: math.fromNested([1]), logVar: math.fromNested([0]) };
    ({
      names: ["process", "Buffer", "TextEncoder", "document", "require"].filter((name) => name in globalThis),
      z: Array.from(z),
      kl: math.klDiagonalGaussian(math.ndArrayOps, q).data[0],
    })`;
  const result = vm.runInNewContext(script, {}) as { names: string[]; z: number[]; kl: number };
  expect([...result.names]).toEqual([]);
  expect(result.z.every(Number.isFinite)).toBe(true);
  expect(result.kl).toBe(0.5);
});

it("takes typed arrays of another realm", async () => {
  const { randomNormal, ndArray } = await import("../src/index.ts");
  const { f32, f64 } = vm.runInNewContext("({ f32: new Float32Array(4), f64: new Float64Array(2) })") as {
    f32: Float32Array;
    f64: Float64Array;
  };
  randomNormal(f32, { seed: 1, stream: "s" });
  expect(f32.every((z) => z !== 0)).toBe(true);
  expect(ndArray([2], f64).shape).toEqual([2]);
});

// usage: contestant-jax-gemm.ts <the package's folder> <folder>
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { pattern } from "./pattern.ts";
import { magnitude, serve } from "./serve.ts";

/** What is used of jax-js: reading `ref` keeps an array that a function would use up. */
interface JaxArray {
  readonly ref: JaxArray;
  reshape(shape: readonly number[]): JaxArray;
  transpose(): JaxArray;
  blockUntilReady(): Promise<JaxArray>;
  data(): Promise<Float32Array>;
  dispose(): void;
}

interface Jax {
  readonly numpy: {
    array(values: Float32Array): JaxArray;
    matmul(a: JaxArray, b: JaxArray): JaxArray;
  };
  init(): Promise<readonly string[]>;
  defaultDevice(device: string): void;
}

const [module] = process.argv.slice(2) as [string];
const jax = (await import(pathToFileURL(join(module, "dist", "index.js")).href)) as Jax;
if (!(await jax.init()).includes("wasm")) throw new Error("jax-js has no wasm device here");
jax.defaultDevice("wasm");
const { version } = JSON.parse(readFileSync(join(module, "package.json"), "utf8")) as { version: string };

const { node, v8 } = process.versions;
await serve({ node, v8, "jax-js": version, device: "wasm" }, (request) => {
  const { m, n, k, transA, transB } = request as unknown as Record<"m" | "n" | "k" | "transA" | "transB", number>;
  const a = jax.numpy.array(pattern(m * k, -1, 1)).reshape(transA ? [k, m] : [m, k]);
  const b = jax.numpy.array(pattern(k * n, -1, 1, 500)).reshape(transB ? [n, k] : [k, n]);
  let c: JaxArray | undefined;
  return {
    run: async (steps) => {
      for (let i = 0; i < steps; i++) {
        c?.dispose();
        c = jax.numpy.matmul(transA ? a.ref.transpose() : a.ref, transB ? b.ref.transpose() : b.ref);
        await c.blockUntilReady();
      }
    },
    value: async () => magnitude(await c!.ref.data()),
    dispose: () => {
      for (const array of [a, b, c]) array?.dispose();
    },
  };
});

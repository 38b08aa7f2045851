import { fileURLToPath } from "node:url";
import { python } from "../lib/probe.mjs";
import { systemBlas } from "./blas.ts";
import { compileC } from "./c-program.ts";
import type { ContestantSpec } from "./contestant.ts";
import { type BuildName, BUILDS, type Entry } from "./contestants.ts";
import type { EdgeName } from "./edge-contestant.ts";
import { fromNpm, newerNode } from "./from-npm.ts";

// Who takes part in the suites, and how each is started.

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

const script = (name: string, ...args: string[]): string[] => [
  "--import",
  import.meta.resolve("tsx"),
  "--conditions=@isthmus/source",
  here(`contestant-${name}.ts`),
  ...args,
];

const nodeFor = (build: BuildName): Promise<string> | string => (build === "relaxed" ? newerNode() : process.execPath);

const BUILD_LABELS: Readonly<Record<BuildName, string>> = { simd128: "SIMD128", relaxed: "relaxed SIMD" };

/** What is added to a label, an id and a script's arguments on several threads; nothing on one. */
const onThreads = (threads: number) =>
  threads > 1
    ? { label: `, ${threads} threads`, id: `-${threads}`, args: [String(threads)] }
    : { label: "", id: "", args: [] };

/** We, in one build, beside the limits that `beside` names and, on several threads, beside ourselves on one. */
export function isthmus(name: string, build: BuildName, { threads = 1, beside = [] as readonly string[] } = {}): Entry {
  const on = onThreads(threads);
  const label = `Isthmus, ${BUILD_LABELS[build]}${on.label}`;
  const id = `isthmus-${build}`;
  return {
    label,
    build,
    spec: async () => ({
      id: id + on.id,
      label,
      side: "ours",
      command: await nodeFor(build),
      args: script(name, build, ...on.args),
      beside: threads > 1 ? [...beside, id] : beside,
    }),
  };
}

/** Stock TensorFlow.js on one of its backends. */
export function tfjs(name: string, backend: "wasm" | "cpu" = "wasm", limits: Partial<ContestantSpec> = {}): Entry {
  const label = `TensorFlow.js, ${backend}`;
  const args = script(name, backend);
  return {
    label,
    spec: () => ({ id: `tfjs-${backend}`, label, side: "peer", command: process.execPath, args, ...limits }),
  };
}

/** Our kernels in TensorFlow.js's wasm backend, with our Adam or with its own: then not a line of the user's code differs. */
export function acceleratedTfjs(name: string, adam: "fused" | "own"): Entry {
  const id = adam === "fused" ? "tfjs-accelerated-adam" : "tfjs-accelerated";
  const label = `TensorFlow.js, accelerated wasm${adam === "fused" ? " and Adam" : ""}`;
  return {
    label,
    spec: () => ({ id, label, side: "ours", command: process.execPath, args: script(name, id.replace("tfjs-", "")) }),
  };
}

/** PyTorch on one thread and on two. */
export function torch(name: string): Entry[] {
  return [torchOn(name, 1), torchOn(name, 2)];
}

/** PyTorch on exactly so many threads: OpenBLAS has its own pool, which does not listen to PyTorch's setting. */
function torchOn(name: string, threads: number): Entry {
  const label = `PyTorch eager, ${threads} thread${threads > 1 ? "s" : ""}`;
  return {
    label,
    spec: () => {
      const blas = systemBlas();
      if ("refused" in blas) throw new Error(blas.refused);
      const count = String(threads);
      return {
        id: `torch-${threads}`,
        label,
        side: "peer",
        command: python,
        args: [here(`torch/${name}.py`), count],
        env: { OPENBLAS_NUM_THREADS: count, OMP_NUM_THREADS: count, OPENBLAS_VERBOSE: "2" },
        facts: { blas: blas.name },
      };
    },
  };
}

/** jax-js, fetched from the npm registry when first wanted; it needs the newer Node. */
export function jaxJs(name: string): Entry {
  const label = "jax-js, wasm";
  return {
    label,
    spec: async () => {
      const module = await fromNpm("@jax-js/jax", "0.1.25");
      return { id: "jax-js", label, side: "peer", command: await newerNode(), args: script(name, module) };
    },
  };
}

/** Whoever encodes windows of sound. */
export function edge(id: EdgeName, label: string, side: "ours" | "peer"): Entry {
  return { label, spec: () => ({ id, label, side, command: process.execPath, args: script("edge", id) }) };
}

/** onnxruntime-node on one thread. */
export function onnxRuntime(name: string): Entry {
  const label = "onnxruntime-node, 1 thread";
  return { label, spec: () => ({ id: "ort-1", label, side: "peer", command: process.execPath, args: script(name) }) };
}

/** A loop that multiplies and adds in registers alone, in a build's WebAssembly, beside the same loop in C or, on several threads, beside itself on one. */
export function registers(build: BuildName, threads = 1): Entry {
  const on = onThreads(threads);
  const label = `registers only, ${BUILD_LABELS[build]}${on.label}`;
  const id = `registers-${build}`;
  return {
    label,
    build,
    spec: async () => ({
      id: id + on.id,
      label,
      side: "limit",
      command: await nodeFor(build),
      args: script("registers", build, ...on.args),
      bounds: "flops",
      beside: [threads > 1 ? id : `registers-c-${build}`],
    }),
  };
}

const C_FLAGS: readonly string[] = ["-O3", "-march=native", "-fno-tree-vectorize"];

/** The same loop in C: with two instructions as SIMD128 has them, or with one as relaxed SIMD has. */
export function registersInC(build: BuildName): Entry {
  const label = `registers only, C, ${build === "relaxed" ? "fused" : "multiply and add"}`;
  const flags = [...C_FLAGS, `-ffp-contract=${build === "relaxed" ? "fast" : "off"}`];
  return {
    label,
    build,
    spec: async (folder) => {
      const command = await compileC("limit", folder, flags);
      return {
        ...{ id: `registers-c-${build}`, label, side: "limit", command, args: ["spin"] },
        ...{ bounds: "flops", facts: { build } },
      };
    },
  };
}

/** Our coder of symbols, which has no build: it is JavaScript. */
export const symbolCoder: Entry = {
  label: "Isthmus, rANS",
  spec: () => ({
    ...{ id: "isthmus-codec", label: "Isthmus, rANS", side: "ours", command: process.execPath },
    ...{ args: script("isthmus-codec"), beside: ["copy-wasm", "copy-c"] },
  }),
};

/** The adaptive range coder of bytes of @thi.ng. */
export const rangeCoder: Entry = {
  label: "@thi.ng/range-coder",
  spec: () => ({
    ...{ id: "thing-range-coder", label: "@thi.ng/range-coder", side: "peer", command: process.execPath },
    ...{ args: script("thing-codec") },
  }),
};

/** A copy of as many bytes, by the engine and by C's library. */
export const copies: readonly Entry[] = [
  {
    label: "copy, WebAssembly memory",
    spec: () => ({
      id: "copy-wasm",
      label: "copy, WebAssembly memory",
      side: "limit",
      command: process.execPath,
      args: script("copy"),
      bounds: "bytes",
    }),
  },
  {
    label: "copy, C",
    spec: async (folder) => ({
      id: "copy-c",
      label: "copy, C",
      side: "limit",
      command: await compileC("limit", folder, C_FLAGS),
      args: ["copy"],
      bounds: "bytes",
    }),
  },
];

/** What every plan of ours is beside: as much arithmetic in registers alone, as many bytes copied. */
export const limits: readonly Entry[] = [...BUILDS.map((build) => registers(build)), ...copies];

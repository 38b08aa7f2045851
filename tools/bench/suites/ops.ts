import { copies, isthmus, tfjs, torch } from "../entries.ts";
import { operations } from "../operations.ts";
import type { Case, Suite } from "../suite.ts";

/** Of sums of a million terms in float32, TensorFlow.js's being naive (1e-2), and of functions to a few ulp. */
const APART = 3e-2;

const cases = operations.map(({ name, bytes, python, operands }): Case => {
  const parameters = { python, operands: JSON.stringify(operands) };
  return { work: name, bytes, parameters, check: { kind: "same", apart: APART } };
});

export const ops: Suite = {
  name: "ops",
  title: "Operations at memory speed",
  intro:
    "One operation at a time on float32 matrices of 1024 x 1024 (4 MiB each, more than a core's own caches hold). GB/s count each array " +
    "once, as it is read or written, even where an operation must pass over it twice. `copy` moves as many bytes and does nothing " +
    "else: the limit of the machine. The plan sets no number here; ours beside the copy is the measure.",
  unit: { name: "GB/s", better: "more", of: ({ bytes }, ms) => bytes! / ms / 1e6 },
  cases,
  ours: [
    isthmus("isthmus-ops", "simd128", { beside: ["copy-wasm", "copy-c"] }),
    isthmus("isthmus-ops", "relaxed", { beside: ["copy-wasm", "copy-c"] }),
    ...copies,
  ],
  peers: { tfjs: [tfjs("tfjs-ops")], torch: torch("ops") },
  usual: ["tfjs", "torch"],
  targets: [],
  measurement: 60,
};

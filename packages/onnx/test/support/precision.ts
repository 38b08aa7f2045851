/** Files in less precision: what our interpreter makes of them, and every way to ask for one. */
import { elementCount, interpret, type Program } from "@isthmus/graph";
import { type ActivationRanges, importOnnx, type PrecisionOptions } from "../../src/index.ts";
import type { Arrays } from "./runtimes.ts";

/** What a file computes in float64, by its import. */
export function interpreted(bytes: Uint8Array, feeds: Arrays): Record<string, Float64Array> {
  const { program, parameters } = importOnnx(bytes);
  const state = Object.fromEntries(Object.entries(parameters).map(([name, { data }]) => [name, data as Float32Array]));
  const { outputs } = interpret(program, { inputs: feeds, state, batch: batchOf(program, feeds) });
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data]));
}

function batchOf({ nodes, inputs }: Program, feeds: Arrays): number {
  const batched = Object.entries(inputs).find(([, id]) => nodes[id]!.shape.includes("batch"));
  return batched ? feeds[batched[0]]!.length / elementCount(nodes[batched[1]]!.shape, 1) : 1;
}

/** Every reduced precision with its choices, for a file that was calibrated. */
export function reductions(ranges: ActivationRanges): readonly PrecisionOptions[] {
  return [
    { precision: "float16" },
    { precision: "float16-compute" },
    { precision: "int8-weights" },
    { precision: "int8-weights", weightBits: 7 },
    { precision: "int8", ranges },
    { precision: "int8", ranges, activations: "uint8" },
    { precision: "int8", ranges, activations: "uint8", weightBits: 7 },
  ];
}

export const named = ({ precision, weightBits, activations }: PrecisionOptions): string =>
  `${precision}${weightBits ? `, ${weightBits} bits` : ""}${activations ? `, ${activations} activations` : ""}`;

/** Precisions in which a runtime computes what the stored weights say, in float32: it must agree as in float32. */
export const isStorage = ({ precision }: PrecisionOptions): boolean =>
  precision === "float16" || precision === "int8-weights";

/**
 * The least SNR, in dB, between a runtime and our interpreter where both round values on the way, each a little otherwise. A
 * half is within 2^-11 of its number: 66 dB; twelve of those one after the other, each at its worst and all to one side,
 * leave 66 - 20 log10(12) = 44. Our import does not round activations to halves, the runtime does. A byte that two runtimes
 * round to different sides is one step, which is at most 1/127 of the largest number, off: 42 dB if that befell every number
 * at once; it befalls those that lie between two bytes to the last bits of a float32.
 */
export const LEAST_SNR: Readonly<Record<"float16-compute" | "int8", number>> = { "float16-compute": 44, int8: 42 };

import { UsageError } from "@isthmus/command-line/node";
import { openNetwork } from "@isthmus/compress";
import { type Engine, idLimits, type Program, type StoredTensor } from "@isthmus/graph";
import {
  describeOnnx,
  type DrawnInput,
  drawnInputs,
  elementNumbers,
  type GoldenSample,
  importOnnx,
  type OnnxFile,
  parity,
  type ParityReport,
  type Tolerance,
} from "@isthmus/onnx";
import { type EngineOptions, withEngine } from "./engines.ts";
import type { OnnxSession } from "./onnx-runtime.ts";

/** An ONNX file, and what should compute the same on our engine. */
export interface Pair {
  readonly bytes: Uint8Array;
  readonly session: OnnxSession;
  readonly program: Program;
  readonly parameters: Readonly<Record<string, StoredTensor>>;
  /** Of outputs that should have these values. */
  readonly tolerances: (expected: Readonly<Record<string, Float32Array>>) => Readonly<Record<string, Tolerance>>;
}

/** As much as WebAssembly addresses: a model that is written to ONNX may need more than the engine takes by itself. */
const MOST_MEMORY = 2 ** 32;

/**
 * Both on the same drawn inputs, `items` of them where the file does not fix the batch.
 *
 * @throws IsthmusError `ENGINE_MEMORY` a model that no engine of ours holds
 */
export async function comparePair(pair: Pair, items: number, options: EngineOptions): Promise<ParityReport> {
  const { bytes, session, program, parameters, tolerances } = pair;
  const inputs = drawnInputs(bytes, { batch: items, ids: idLimits(program) });
  const compare = async (engine: Engine): Promise<ParityReport> => {
    const network = await openNetwork(engine, program, parameters);
    try {
      const expected = await network.run(taken(program, inputs));
      return await parity({
        inputs,
        reference: async () => expected,
        run: async (drawn) => dataOf(await session.run(drawn)),
        tolerances: tolerances(expected),
      });
    } finally {
      network.dispose();
    }
  };
  return withEngine(options, compare, { maxMemoryBytes: MOST_MEMORY });
}

/** The largest difference in each output of a file; what is in bytes is told as such. */
export function errorsText(bytes: Uint8Array, { perOutput }: ParityReport): string {
  const inBytes = new Set(describeOnnx(bytes).outputs.flatMap(({ name, dtype }) => (dtype === "uint8" ? [name] : [])));
  const each = Object.entries(perOutput).map(
    ([name, { maxAbs }]) => `${name} ${maxAbs.toExponential(1)}${inBytes.has(name) ? " of 255" : ""}`,
  );
  return `max abs error: ${each.join(", ")}`;
}

/** What our engine makes of numbers for a file's inputs. */
export async function runImported(
  file: OnnxFile,
  inputs: GoldenSample["inputs"],
  options: EngineOptions,
): Promise<Record<string, Float32Array>> {
  const { program, parameters } = importOnnx(file.bytes, file);
  const arrays = { f32: Float32Array, i32: Int32Array, u8: Uint8Array };
  const fed = Object.entries(program.inputs).map(([name, id]) => {
    const given = inputs[name];
    if (!given) throw new UsageError(`the golden sample has nothing for the input "${name}"`);
    return [name, arrays[program.nodes[id]!.dtype].from(elementNumbers(given.dtype, given.data))] as const;
  });
  return withEngine(options, async (engine) => {
    const network = await openNetwork(engine, program, parameters);
    try {
      return await network.run(Object.fromEntries(fed));
    } finally {
      network.dispose();
    }
  });
}

/** Those that the program reads; a file may name more. */
function taken(program: Program, drawn: Readonly<Record<string, DrawnInput>>): Record<string, DrawnInput["data"]> {
  const known = Object.entries(drawn).filter(([name]) => Object.hasOwn(program.inputs, name));
  return dataOf(Object.fromEntries(known));
}

/** Values without their shapes. */
export function dataOf<D>(tensors: Readonly<Record<string, { readonly data: D }>>): Record<string, D> {
  return Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, data]));
}

import { openNetwork } from "@isthmus/compress";
import { idLimits, type Program, type StoredTensor } from "@isthmus/graph";
import { type DrawnInput, drawnInputs, parity, type ParityReport, type Tolerance } from "@isthmus/onnx";
import { type EngineOptions, withEngine } from "./engines.ts";
import type { OnnxSession } from "./onnx-runtime.ts";

/** An ONNX file, and what should compute the same on our engine. */
export interface Pair {
  readonly bytes: Uint8Array;
  readonly session: OnnxSession;
  readonly program: Program;
  readonly parameters: Readonly<Record<string, StoredTensor>>;
  readonly tolerances?: Readonly<Record<string, Tolerance>>;
}

/** Both on the same drawn inputs, `items` of them where the file does not fix the batch. */
export async function comparePair(pair: Pair, items: number, options: EngineOptions): Promise<ParityReport> {
  const { bytes, session, program, parameters, tolerances = {} } = pair;
  const inputs = drawnInputs(bytes, { batch: items, ids: idLimits(program) });
  return withEngine(options, async (engine) => {
    const network = await openNetwork(engine, program, parameters);
    try {
      return await parity({
        inputs,
        reference: (drawn) => network.run(taken(program, drawn)),
        run: async (drawn) => dataOf(await session.run(drawn)),
        tolerances,
      });
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

function dataOf<D>(tensors: Readonly<Record<string, { readonly data: D }>>): Record<string, D> {
  return Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, data]));
}

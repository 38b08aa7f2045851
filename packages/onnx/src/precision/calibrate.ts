import { elementCount, interpret, type InterpreterInputs, type Program } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import { readModel } from "../import/external.ts";
import { type ImportOptions, importValues } from "../import/import.ts";
import type { Parameters } from "../network.ts";
import type { OutputValues } from "../parity.ts";
import { hoistConstants } from "./hoist-constants.ts";
import type { ActivationRange, ActivationRanges } from "./options.ts";
import { quantisedValues } from "./static-int8.ts";

type Feeds = Readonly<Record<string, Float32Array | Int32Array | Uint8Array>>;

/** A network that an engine has compiled. */
export interface OpenedNetwork {
  run(inputs: Feeds): Promise<OutputValues>;
  dispose(): void;
}

/** Compiles a network, with any engine. */
export type OpenNetwork = (program: Program, parameters: Parameters) => Promise<OpenedNetwork>;

export interface CalibrateOptions extends Pick<ImportOptions, "sizes" | "external"> {
  /** Batches of what the file is fed, by the names of its inputs. A few hundred items that are like those to come. */
  readonly batches: Iterable<Feeds> | AsyncIterable<Feeds>;
  /** Default: the float64 interpreter, which is slow. */
  readonly open?: OpenNetwork;
}

/**
 * What the values that `int8` rounds are between: a file in float32 is run, on an engine of ours, and the smallest and the
 * largest number of each such value are kept.
 *
 * @returns the option `ranges`, for the same file; empty where the file has no products with constant weights
 * @throws IsthmusError as `importOnnx` does; `ONNX_CALIBRATION` no items, or a value that is not finite
 */
export async function calibrate(bytes: Uint8Array, options: CalibrateOptions): Promise<ActivationRanges> {
  const { batches, open = openInterpreter, ...others } = options;
  const model = readModel(bytes, others);
  const values = quantisedValues(hoistConstants(model.graph));
  if (values.length === 0) return {};
  const { program, parameters } = importValues(model, values, others);
  const network = await open(program, parameters);
  try {
    const ranges = new Map<string, ActivationRange>();
    for await (const batch of batches) {
      const outputs = await network.run(batch);
      for (const name of values) ranges.set(name, widened(name, ranges.get(name), outputs[name]!));
    }
    if (ranges.size === 0) throw new IsthmusError("ONNX_CALIBRATION", "onnx: there are no items to calibrate with");
    return Object.fromEntries(ranges);
  } finally {
    network.dispose();
  }
}

function widened(name: string, range: ActivationRange | undefined, values: ArrayLike<number>): ActivationRange {
  let { min, max } = range ?? { min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY };
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) {
      throw new IsthmusError("ONNX_CALIBRATION", `onnx: value "${name}" is ${value} for an item`, { value: name });
    }
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  return { min, max };
}

const openInterpreter: OpenNetwork = async (program, parameters) => {
  const state = Object.fromEntries(Object.entries(parameters).map(([name, { data }]) => [name, data as Float32Array]));
  return {
    run: async (inputs) => {
      const { outputs } = interpret(program, {
        inputs: inputs as InterpreterInputs["inputs"],
        state,
        batch: batchOf(program, inputs),
      });
      return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data]));
    },
    dispose: () => undefined,
  };
};

/** How many items are fed. */
function batchOf({ nodes, inputs }: Program, fed: Feeds): number {
  const [name, id] = Object.entries(inputs).find(([, id]) => nodes[id]!.shape.includes("batch")) ?? [];
  if (name === undefined) return 1;
  return (fed[name]?.length ?? 0) / elementCount(nodes[id!]!.shape, 1);
}

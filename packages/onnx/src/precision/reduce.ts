import { checkNames } from "../check/names.ts";
import { checkTensors } from "../check/tensors.ts";
import { inferTypes } from "../check/types.ts";
import { checkVersions } from "../check/versions.ts";
import { encodeModel } from "../encode.ts";
import { GOLDEN_KEY, goldenAgain, goldenSample } from "../golden.ts";
import { externalTensors, type ReadExternal, readModel } from "../import/external.ts";
import { invalid } from "../invalid.ts";
import type { OnnxGraph, WrittenTensor } from "../messages.ts";
import { computeFloat16 } from "./float16-compute.ts";
import { hoistConstants } from "./hoist-constants.ts";
import { checkPrecision, type PrecisionOptions } from "./options.ts";
import { quantiseStatically } from "./static-int8.ts";
import { storeFloat16 } from "./stored-float16.ts";
import { storeInt8 } from "./stored-int8.ts";

/** Metadata that says what precision a file was reduced to. */
const PRECISION_KEY = "isthmus.precision";

export interface ReduceOptions extends PrecisionOptions {
  /** Reads data that lie in other files; `readOnnxFile` of `@isthmus/onnx/node` has it. */
  readonly external?: ReadExternal;
}

/**
 * Any ONNX file of operator sets 13 to 21 in another precision, whoever wrote it: its nodes, names and metadata stay, weights
 * are rounded, and what the precision needs is put between. A golden sample is made anew, of the same inputs. The same file
 * gives the same bytes.
 *
 * @throws IsthmusError `ONNX_INVALID` what `checkOnnx` refuses; data in other files that nothing reads; weights that are not finite
 * @throws RangeError bad options, a value without a range
 */
export function reducePrecision(bytes: Uint8Array, options: ReduceOptions): Uint8Array {
  const model = readModel(bytes, options);
  const [external] = externalTensors(model);
  if (external && !options.external) {
    throw invalid(`data lie in another file, "${external.location}"; read the model with its folder`);
  }
  const opset = checkVersions(model);
  checkNames(model.graph);
  checkTensors(model.graph.initialisers);
  const graph = reducedGraph(model.graph, opset, options);
  if ((options.precision ?? "float32") === "float32") return encodeModel({ ...model, graph });
  const others = Object.entries(model.metadata).filter(([key]) => key !== GOLDEN_KEY);
  const metadata = { ...Object.fromEntries(others), ...precisionMetadata(options) };
  const reduced = encodeModel({ ...model, graph, metadata });
  const golden = goldenAgain(reduced, goldenSample(bytes));
  return golden ? encodeModel({ ...model, graph, metadata: { ...metadata, [GOLDEN_KEY]: golden } }) : reduced;
}

/** What metadata say of a precision; nothing of float32. */
export function precisionMetadata({ precision = "float32" }: PrecisionOptions): Record<string, string> {
  return precision === "float32" ? {} : { [PRECISION_KEY]: precision };
}

/** The graph in another precision. Throws as `reducePrecision` does. */
export function reducedGraph(
  given: OnnxGraph<WrittenTensor>,
  opset: number,
  options: PrecisionOptions,
): OnnxGraph<WrittenTensor> {
  const precision = checkPrecision(options);
  if (precision === "float32") return given;
  const { weightBits: bits = precision === "int8" ? 7 : 8, activations = "int8", ranges = {} } = options;
  const graph = hoistConstants(given);
  const facts = inferTypes(graph, opset);
  switch (precision) {
    case "float16":
      return storeFloat16(graph);
    case "float16-compute":
      return computeFloat16(graph, facts);
    case "int8-weights":
      return storeInt8(graph, bits);
    case "int8":
      return quantiseStatically(graph, { facts, ranges, activations, bits });
  }
}

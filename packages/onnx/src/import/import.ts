import { type Dim, type DType, GraphBuilder, type Program, type Shape, type StoredTensor } from "@isthmus/graph";
import { dataTypes } from "../data-types.ts";
import { invalid } from "../invalid.ts";
import type { OnnxModel, ValueInfo } from "../messages.ts";
import { type ReadExternal, readModel } from "./external.ts";
import { type Flow, flow, plain, type Value } from "./flow.ts";
import { importGraph } from "./graph-import.ts";
import type { Known } from "./known.ts";
import { ParameterStore } from "./parameter-store.ts";

/** What a file leaves open, and where its data are. */
export interface ImportOptions {
  /** Sizes of axes that the file only names, such as `{ height: 28 }`. The first axis of an input is the batch, if it is open. */
  readonly sizes?: Readonly<Record<string, number>>;
  /** Put before every parameter's name. */
  readonly prefix?: string;
  /** Reads data that lie in other files; `readOnnxFile` of `@isthmus/onnx/node` has it. */
  readonly external?: ReadExternal;
}

/** A network that came out of an ONNX file. */
export interface ImportedOnnx {
  /** Inputs and outputs have the file's names and shapes; integers of 16 and more bits are i32, outputs are f32. */
  readonly program: Program;
  /** What the program reads. */
  readonly parameters: Readonly<Record<string, StoredTensor>>;
}

/**
 * Reads any ONNX file whose operators the graph can express, of operator sets 7 to 26. Images are kept with their channels
 * last inside; what does not depend on a run is computed here. Floats of every width become float32.
 *
 * Time and memory are bounded by the length of the file and by fixed limits.
 *
 * @throws IsthmusError `ONNX_INVALID` bytes that are no sound ONNX file; `ONNX_OPERATION` operators that are not read, all by
 *   name, or a node that says what the graph cannot hold; `ONNX_LIMIT` a file that makes more than any network needs
 */
export function importOnnx(bytes: Uint8Array, options: ImportOptions = {}): ImportedOnnx {
  const model = readModel(bytes, options);
  return importValues(model, outputNames(model), options);
}

/** The network that makes these values of a file. Throws as `importOnnx` does. */
export function importValues(model: OnnxModel, outputs: readonly string[], options: ImportOptions): ImportedOnnx {
  const build = new GraphBuilder();
  const store = new ParameterStore(build, options.prefix ?? "");
  const bind = (input: ValueInfo) => boundPlainly(build, input, options);
  return sound(() => {
    const values = importGraph({ model, destination: store, outputs, bind });
    const nodes = outputs.map((name) => [name, plain(build, asFloat(store, values.get(name)!))] as const);
    return store.finished(build.program({ outputs: Object.fromEntries(nodes) }));
  });
}

export function outputNames({ graph }: OnnxModel): string[] {
  const names = graph.outputs.map(({ name }) => name);
  if (names.length === 0) throw invalid("the graph has no output");
  if (new Set(names).size < names.length) throw invalid("the graph has an output twice");
  return names;
}

/** What the graph itself says against names and shapes of the file. */
export function sound<R>(body: () => R): R {
  try {
    return body();
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) throw invalid(error.message);
    throw error;
  }
}

function boundPlainly(build: GraphBuilder, input: ValueInfo, options: ImportOptions): Flow {
  return flow(build.input(input.name, inputShape(input, options), inputType(input)), input.elementType);
}

/** The shape of an input, where an open first axis is the batch. */
export function inputShape({ name, shape }: ValueInfo, { sizes = {} }: Pick<ImportOptions, "sizes">): Shape {
  const batch = shape[0];
  return shape.map((dim, axis): Dim => {
    if (typeof dim === "string" && Object.hasOwn(sizes, dim)) return sizes[dim]!;
    if (typeof dim === "number") return dim;
    if (axis === 0 || (dim !== null && dim === batch)) return "batch";
    throw invalid(
      `input "${name}" has an open axis ${axis}${dim === null ? "" : ` ("${dim}")`}; only the first may be; give it a size`,
      { input: name, axis },
    );
  });
}

export function inputType({ name, elementType }: ValueInfo): DType {
  const type = dataTypes[elementType];
  if (!type) throw invalid(`input "${name}" is of type ${elementType}, which is no number`, { input: name });
  if (type.kind === "float") return "f32";
  return type.bytes === 1 && type.name !== "int8" ? "u8" : "i32";
}

/** A result in float32, whatever it is. */
export function asFloat(store: ParameterStore, value: Value): Flow {
  if (value.kind === "known") return placed(store, value);
  return value.node.dtype === "f32" ? value : { ...value, node: store.build.cast(value.node) };
}

function placed(store: ParameterStore, known: Known): Flow {
  return flow(store.place(known), known.elementType);
}

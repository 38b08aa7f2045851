/** A golden sample: inputs in the file's metadata with the outputs they make, so that any runtime can test itself. */
import { canonicalJson, elementCount, idLimits, interpret, type JsonObject, type Program } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import { appendMetadata } from "./append-metadata.ts";
import { fromBase64, toBase64 } from "./base64.ts";
import { readOnnxMetadata } from "./decode.ts";
import { describeOnnx, type OnnxPort } from "./describe.ts";
import { draftBytes, type OnnxDraft } from "./draft.ts";
import { type DrawnInput, drawnInputs } from "./drawn-inputs.ts";
import {
  bytesOfElements,
  type ElementArray,
  elementArray,
  type ElementName,
  elementNumbers,
  elementSize,
  elementsOf,
  isElementName,
} from "./element-arrays.ts";
import type { ReadExternal } from "./import/external.ts";
import { fileTolerance } from "./file-tolerances.ts";
import { importOnnx } from "./import/import.ts";
import { invalid } from "./invalid.ts";
import { compareOutputs, type OutputValues, type ParityReport, requireParity, type Tolerance } from "./parity.ts";
import { storedJson } from "./stored-json.ts";

export const GOLDEN_KEY = "isthmus.golden";

/** One tensor of a sample. */
export interface GoldenTensor {
  readonly dtype: ElementName;
  readonly shape: readonly number[];
  /** As onnxruntime takes it: `new Tensor(dtype, data, shape)`. */
  readonly data: ElementArray;
}

/** What an output must be: |got - data| <= absolute + relative |data|. */
export interface GoldenOutput extends GoldenTensor, Tolerance {}

export interface GoldenSample {
  readonly inputs: Readonly<Record<string, GoldenTensor>>;
  readonly outputs: Readonly<Record<string, GoldenOutput>>;
}

export interface GoldenOptions {
  /** Numbers for every input, row-major, of as many items as they make. Default: one item drawn by the model's id. */
  readonly inputs?: Readonly<Record<string, ArrayLike<number>>>;
  /** Of all outputs. Default: what `fileTolerances` gives. */
  readonly tolerance?: Tolerance;
  readonly external?: ReadExternal;
}

/**
 * The file with a golden sample in its metadata (`isthmus.golden`): outputs are what the file as it is written makes of the
 * inputs, read back and computed in float64. The last entry, so that the bytes before it stay what they were.
 *
 * @throws RangeError `inputs` that are not those of the file
 * @throws IsthmusError as `importOnnx` does; `ONNX_GOLDEN` where the file has a sample already, or an output that is not finite
 */
export function withGoldenSample(bytes: Uint8Array, options: GoldenOptions = {}): Uint8Array {
  if (Object.hasOwn(readOnnxMetadata(bytes), GOLDEN_KEY)) {
    throw new IsthmusError("ONNX_GOLDEN", "onnx: the file has a golden sample");
  }
  return appendMetadata(bytes, GOLDEN_KEY, goldenJson(bytes, options));
}

/** Largest file, and most bytes of inputs and outputs, that a sample is put into unasked. */
const UNASKED = { file: 64 * 2 ** 20, sample: 2 ** 20 } as const;

/** A draft with a golden sample; unasked, where it is small enough for one and can be read back. */
export function withGolden(draft: OnnxDraft, golden: boolean | GoldenOptions | undefined): OnnxDraft {
  if (golden === false || (golden === undefined && draft.whole().length > UNASKED.file)) return draft;
  const bytes = draftBytes(draft);
  if (golden !== undefined) return draft.with({ [GOLDEN_KEY]: goldenJson(bytes, golden === true ? {} : golden) });
  const { inputs, outputs } = describeOnnx(bytes);
  const size = [...inputs, ...outputs].reduce((sum, port) => sum + portSize(port), 0);
  const sample = size > UNASKED.sample ? undefined : readableGoldenJson(bytes, {});
  return sample === undefined ? draft : draft.with({ [GOLDEN_KEY]: sample });
}

/** Bytes of one item of a port. */
function portSize({ dtype, shape }: OnnxPort): number {
  const sizes = shape.map((dim) => (typeof dim === "number" ? dim : 1));
  return isElementName(dtype) ? elementSize(dtype) * elementCount(sizes) : 0;
}

/** The sample of a file that was made of another one, of the same inputs; nothing where that has none, or this cannot be read. */
export function goldenAgain(bytes: Uint8Array, before: GoldenSample | undefined): string | undefined {
  if (!before) return undefined;
  const inputs = Object.entries(before.inputs).map(([name, { dtype, data }]) => [name, elementNumbers(dtype, data)]);
  return readableGoldenJson(bytes, { inputs: Object.fromEntries(inputs) as Record<string, ArrayLike<number>> });
}

/** Nothing of a file that has operators which are not read, or outputs that are not finite. */
function readableGoldenJson(bytes: Uint8Array, options: GoldenOptions): string | undefined {
  try {
    return goldenJson(bytes, options);
  } catch (error) {
    const isExpected = error instanceof IsthmusError && ["ONNX_OPERATION", "ONNX_GOLDEN"].includes(error.code);
    if (isExpected) return undefined;
    throw error;
  }
}

function goldenJson(bytes: Uint8Array, options: GoldenOptions): string {
  const described = describeOnnx(bytes);
  const { program, parameters } = importOnnx(bytes, options);
  const { items, inputs } = sampleInputs(bytes, program, described.metadata, options);
  const taken = Object.entries(inputs).filter(([name]) => Object.hasOwn(program.inputs, name));
  const made = interpret(program, {
    inputs: Object.fromEntries(taken.map(([name, { data }]) => [name, data])),
    state: Object.fromEntries(Object.entries(parameters).map(([name, { data }]) => [name, data as Float32Array])),
    batch: items,
  }).outputs;
  const outputs = described.outputs.map(({ name, dtype }) => {
    const { shape, data } = made[name]!;
    if (!data.every(Number.isFinite)) throw new IsthmusError("ONNX_GOLDEN", `onnx: output "${name}" is not finite`);
    const tolerance = options.tolerance ?? fileTolerance(dtype, data, described);
    return [name, { ...tensorJson(name, { dtype, shape, data }), ...tolerance }] as const;
  });
  const stored = {
    inputs: Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, tensorJson(name, input)])),
    outputs: Object.fromEntries(outputs),
  };
  return canonicalJson(stored as unknown as JsonObject);
}

function tensorJson(name: string, { dtype, shape, data }: Omit<DrawnInput, "data"> & { data: ArrayLike<number> }) {
  if (!isElementName(dtype)) throw invalid(`"${name}" is of ${dtype}, of which a golden sample cannot be`);
  return { dtype, shape, data: toBase64(bytesOfElements(elementArray(dtype, data))) };
}

interface SampleInputs {
  readonly items: number;
  readonly inputs: Readonly<Record<string, DrawnInput>>;
}

function sampleInputs(
  bytes: Uint8Array,
  program: Program,
  { "isthmus.model_id": id = "" }: Readonly<Record<string, string>>,
  { inputs: given }: GoldenOptions,
): SampleInputs {
  const items = given ? itemsOf(describeOnnx(bytes).inputs, given) : 1;
  const drawn = drawnInputs(bytes, { batch: items, seed: seedOf(id), ids: idLimits(program) });
  if (!given) return { items, inputs: drawn };
  const replaced = Object.entries(drawn).map(([name, { data, ...port }]) => {
    const numbers = given[name]!;
    if (numbers.length !== data.length) {
      throw new RangeError(`"inputs.${name}" expected ${data.length} numbers, got ${numbers.length}`);
    }
    const array = data.constructor as Float32ArrayConstructor;
    return [name, { ...port, data: array.from(numbers) }] as const;
  });
  return { items, inputs: Object.fromEntries(replaced) };
}

/** The items that the numbers of the inputs are of. */
function itemsOf(ports: readonly OnnxPort[], given: Readonly<Record<string, ArrayLike<number>>>): number {
  const counts = ports.flatMap(({ name, shape }) => {
    const numbers = given[name];
    if (!numbers)
      throw new RangeError(`"inputs" expected ${ports.map((port) => port.name).join(", ")}, lacks "${name}"`);
    const [batch, ...sizes] = shape;
    return typeof batch === "string" ? [numbers.length / elementCount(sizes as readonly number[])] : [];
  });
  const [items = 1] = counts;
  if (Number.isInteger(items) && items > 0 && counts.every((count) => count === items)) return items;
  throw new RangeError(`"inputs" expected numbers of the same whole number of items, got ${counts.join(", ")}`);
}

/** The two words of the id in hexadecimal; of a file without one 1. */
function seedOf(id: string): readonly [low: number, high: number] {
  if (!/^[0-9a-f]{16}$/.test(id)) return [1, 0];
  return [Number.parseInt(id.slice(8), 16), Number.parseInt(id.slice(0, 8), 16)];
}

/**
 * The golden sample of a file; nothing where it has none.
 *
 * @throws IsthmusError `ONNX_INVALID` for bytes that are no ONNX file, or a sample that is not sound
 */
export function goldenSample(bytes: Uint8Array): GoldenSample | undefined {
  const stored = storedJson(readOnnxMetadata(bytes), GOLDEN_KEY);
  if (!stored) return undefined;
  const outputs = entriesOf(stored["outputs"]).map(([name, value]) => {
    const { absolute, relative } = value;
    if (!(isTolerance(absolute) && isTolerance(relative))) throw unsound(name);
    return [name, { ...tensorOf(name, value), absolute, relative }] as const;
  });
  const inputs = entriesOf(stored["inputs"]).map(([name, value]) => [name, tensorOf(name, value)] as const);
  return { inputs: Object.fromEntries(inputs), outputs: Object.fromEntries(outputs) };
}

type Stored = Readonly<Record<string, unknown>>;

function entriesOf(value: unknown): [name: string, value: Stored][] {
  if (typeof value !== "object" || value === null) throw unsound("inputs or outputs");
  return Object.entries(value).map(([name, entry]) => [name, Object(entry) as Stored]);
}

function tensorOf(name: string, { dtype, shape, data }: Stored): GoldenTensor {
  const isShape = Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size) && size >= 0);
  if (typeof dtype !== "string" || !isElementName(dtype) || !isShape || typeof data !== "string") throw unsound(name);
  const bytes = fromBase64(data);
  if (bytes.length !== elementSize(dtype) * elementCount(shape as number[])) throw unsound(name);
  return { dtype, shape: shape as number[], data: elementsOf(dtype, bytes) };
}

const isTolerance = (value: unknown): value is number => typeof value === "number" && value >= 0;

const unsound = (name: string): IsthmusError => invalid(`the golden sample's "${name}" is not sound`);

/** What a runtime makes of the sample's inputs: elements as it has them, or their numbers. */
export type RunSample = (
  inputs: GoldenSample["inputs"],
) => Promise<Readonly<Record<string, ElementArray | ArrayLike<number>>>>;

/**
 * Runs a file's golden sample and compares, value by value.
 *
 * @throws IsthmusError `ONNX_GOLDEN` a file without a sample; `ONNX_PARITY` an output that is missing, of another length, not
 *   finite or too far off, naming it
 */
export async function selfTest(bytes: Uint8Array, run: RunSample): Promise<ParityReport> {
  const sample = goldenSample(bytes);
  if (!sample) throw new IsthmusError("ONNX_GOLDEN", "onnx: the file has no golden sample");
  const made = await run(sample.inputs);
  const outputs = Object.entries(sample.outputs);
  const numbers = (of: Readonly<Record<string, ElementArray | ArrayLike<number>>>): OutputValues => {
    const there = outputs.flatMap(([name, { dtype }]) =>
      of[name] ? [[name, numbersOf(dtype, of[name])] as const] : [],
    );
    return Object.fromEntries(there);
  };
  const expected = Object.fromEntries(outputs.map(([name, { data }]) => [name, data]));
  const report = compareOutputs(numbers(made), numbers(expected), sample.outputs);
  requireParity(report, "the golden sample and what was run differ");
  return report;
}

function numbersOf(dtype: ElementName, values: ElementArray | ArrayLike<number>): ArrayLike<number> {
  return ArrayBuffer.isView(values) ? elementNumbers(dtype, values as ElementArray) : (values as ArrayLike<number>);
}

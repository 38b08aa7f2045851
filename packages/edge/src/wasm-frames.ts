import { type BundleLimits, DEFAULT_LIMITS } from "./bundle-limits.ts";
import type { FrameMaker } from "./encoder.ts";
import type { OpenKernels } from "./open-kernels.ts";
import { noSymbol, notFinite } from "./refusals.ts";

const PAGE = 65536;
/** Where the kernels want a bundle. */
const FILE = 8192;
/** How many int32 an encoder has, `ENCODER_FIELDS` of `@isthmus/kernels/plan`, and which of them change. */
const FIELDS = 10;
const WRITTEN = 7;
const CODING = 8;
const REFUSED = 9;

/** Frames by kernels that read the bundle themselves; `undefined` where they refuse it. */
export function wasmFrames(
  bundle: Uint8Array,
  { memory, open, begin, encodeItem, writeFrame, writeMessage }: OpenKernels,
  limits: BundleLimits = {},
): FrameMaker | undefined {
  if (!(bundle instanceof Uint8Array)) return undefined;
  memory.grow(Math.ceil((FILE + bundle.length - memory.buffer.byteLength) / PAGE));
  new Uint8Array(memory.buffer).set(bundle, FILE);
  const { memoryBytes, products } = { ...DEFAULT_LIMITS, ...limits };
  const encoder = open(FILE, bundle.length, memoryBytes, products);
  if (encoder === 0) return undefined;

  let { bytes, fields } = viewsOf(memory, encoder);
  const [quality, dims, itemLength, given, item, output, modelId] = fields as unknown as Addresses;
  let samplesGiven = new Float64Array(memory.buffer, given, itemLength);
  const makeRoom = (items: number): void => {
    if (begin(encoder, items) === 0)
      throw new RangeError(`"samples" expected fewer items: there is no memory for ${items}`);
    if (bytes.buffer === memory.buffer) return;
    ({ bytes, fields } = viewsOf(memory, encoder));
    samplesGiven = new Float64Array(memory.buffer, given, itemLength);
  };
  const refusal = (): Error => {
    const numbers = new Float32Array(memory.buffer, item, itemLength);
    const index = numbers.findIndex((value) => !Number.isFinite(value));
    if (index >= 0) return notFinite(numbers[index]!, index);
    const dimension = fields[REFUSED]!;
    return noSymbol(new Float32Array(memory.buffer, output, dims)[dimension]!, dimension);
  };
  return {
    ...{ kernels: "wasm", modelId: bytes.slice(modelId, modelId + 8), quality, dims, itemLength },
    infer: (samples, items) => {
      makeRoom(items);
      const areBytes = samples instanceof Uint8Array || samples instanceof Uint8ClampedArray ? 1 : 0;
      for (let i = 0, at = 0; i < items; i++) {
        for (let k = 0; k < itemLength; k++, at++) samplesGiven[k] = samples[at]!;
        if (encodeItem(encoder, i, areBytes) !== 0) throw refusal();
      }
    },
    write: (items, into, at) => {
      const length = writeFrame(encoder, items);
      if (at + length > into.length)
        throw new RangeError(`"into" expected ${length} bytes from ${at} on, got ${into.length - at}`);
      const from = fields[WRITTEN]!;
      for (let i = 0; i < length; i++) into[at + i] = bytes[from + i]!;
      return length;
    },
    message: (items) => {
      const length = writeMessage(encoder, items);
      const from = fields[WRITTEN]!;
      return { coding: fields[CODING] === 0 ? "learned" : "raw", bytes: bytes.slice(from, from + length) };
    },
  };
}

/** What an encoder's first fields are. */
type Addresses = readonly [
  ...[quality: number, dims: number, itemLength: number, given: number, item: number, output: number, modelId: number],
];

function viewsOf(memory: WebAssembly.Memory, encoder: number): { bytes: Uint8Array<ArrayBuffer>; fields: Int32Array } {
  return { bytes: new Uint8Array(memory.buffer), fields: new Int32Array(memory.buffer, encoder, FIELDS) };
}

import { ENCODER, type EncoderField } from "@isthmus/kernels/plan";
import { type BundleLimits, DEFAULT_LIMITS } from "./bundle-limits.ts";
import type { FrameMaker } from "./encoder.ts";
import { grow, type OpenKernels } from "./open-kernels.ts";
import { noSymbol, notFinite } from "./refusals.ts";

/** Where the kernels want a bundle. */
const FILE = 8192;
/** What `encodeItem` says where a number of the item is not finite. */
const NOT_FINITE = 1;

/** Frames by kernels that read the bundle themselves; `undefined` where they refuse it, or it is too large for their memory. */
export function wasmFrames(
  bundle: Uint8Array,
  { memory, open, begin, encodeItem, writeFrame, writeMessage }: OpenKernels,
  limits: BundleLimits = {},
): FrameMaker | undefined {
  if (!(bundle instanceof Uint8Array)) return undefined;
  if (!grow(memory, FILE + bundle.length)) return undefined;
  new Uint8Array(memory.buffer).set(bundle, FILE);
  const { memoryBytes, products } = { ...DEFAULT_LIMITS, ...limits };
  const encoder = open(FILE, bundle.length, memoryBytes, products);
  if (encoder === 0) return undefined;

  let bytes: Uint8Array<ArrayBuffer>;
  let fields: Int32Array;
  const field = (name: EncoderField): number => fields[ENCODER[name]]!;
  const floatsAt = (name: EncoderField, count: number) => new Float32Array(memory.buffer, field(name), count);
  let given: Float64Array;
  /** Again where the memory has grown. */
  const view = (): void => {
    bytes = new Uint8Array(memory.buffer);
    fields = new Int32Array(memory.buffer, encoder);
    given = new Float64Array(memory.buffer, field("given"), field("samples"));
  };
  view();
  const [quality, dims, itemLength, modelId] = [field("quality"), field("dims"), field("samples"), field("modelId")];
  const makeRoom = (items: number): void => {
    if (begin(encoder, items) === 0) throw new RangeError(`"samples" expected fewer: no memory for ${items} items`);
    if (bytes.buffer !== memory.buffer) view();
  };
  const refusal = (why: number): Error => {
    if (why === NOT_FINITE) {
      const numbers = floatsAt("item", itemLength);
      const index = numbers.findIndex((value) => !Number.isFinite(value));
      return notFinite(numbers[index]!, index);
    }
    const dimension = field("refused");
    return noSymbol(floatsAt("output", dims)[dimension]!, dimension);
  };
  return {
    ...{ kernels: "wasm", modelId: bytes!.slice(modelId, modelId + 8), quality, dims, itemLength },
    infer: (samples, items) => {
      makeRoom(items);
      const areBytes = samples instanceof Uint8Array || samples instanceof Uint8ClampedArray ? 1 : 0;
      for (let i = 0, at = 0; i < items; i++) {
        for (let k = 0; k < itemLength; k++, at++) given[k] = samples[at]!;
        const why = encodeItem(encoder, i, areBytes);
        if (why !== 0) throw refusal(why);
      }
    },
    write: (items, into, at) => {
      const length = writeFrame(encoder, items);
      if (at + length > into.length)
        throw new RangeError(`"into" expected ${length} bytes from ${at} on, got ${into.length - at}`);
      const from = field("written");
      for (let i = 0; i < length; i++) into[at + i] = bytes[from + i]!;
      return length;
    },
    message: (items) => {
      const length = writeMessage(encoder, items);
      const from = field("written");
      return { coding: field("coding") === 0 ? "learned" : "raw", bytes: bytes.slice(from, from + length) };
    },
  };
}

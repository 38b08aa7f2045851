import { crc32c, LatentWriter, type SessionOptions, type SessionSender, sessionSender } from "@isthmus/codec";
import { type BundleLimits, type EncoderBundle, readBundle, readBundleBy } from "./bundle.ts";
import { type Executor, openJavascript } from "./executor.ts";
import { checksumBy, type LoadExecutorOptions, openExecutor, openKernels } from "./load-executor.ts";
import { type Samples, SampleReader } from "./samples.ts";

/** An encoder that is ready: samples in, `.isth` streams out. */
export interface Encoder {
  readonly kernels: Executor["kernels"];
  /** 8 bytes. */
  readonly modelId: Uint8Array;
  /** Which of the model's qualities it encodes at. */
  readonly quality: number;
  /** Samples of an item. */
  readonly itemLength: number;
  /** Symbols of an item. */
  readonly dims: number;
  /** The most bytes that the stream of so many items takes. */
  readonly maxBytes: (items: number) => number;
  /**
   * One stream of one frame, of one or more whole items.
   *
   * @throws RangeError samples that are no whole items, or not finite
   * @throws IsthmusError `QUANTISER_NON_FINITE`, `QUANTISER_RANGE` an encoder in floats makes a number that no symbol stands for
   */
  readonly encode: (samples: Samples) => Uint8Array<ArrayBuffer>;
  /**
   * The same into memory of the caller's, from `at` on (default: 0): allocates nothing once it has seen as many items before.
   *
   * @returns how many bytes were written
   * @throws RangeError samples that are no whole items, or not finite; a frame that does not fit: {@link Encoder.maxBytes} always do
   */
  readonly encodeInto: (samples: Samples, into: Uint8Array, at?: number) => number;
  /** Each chunk of samples to a stream. Waits for whoever reads: one chunk is held at most. */
  readonly stream: () => TransformStream<Samples, Uint8Array<ArrayBuffer>>;
  /** Packets for links that carry some fifty bytes at a time. */
  readonly openSession: (options: SessionOptions) => EncoderSession;
}

export interface EncoderSession {
  /** The packet that a receiver needs before any other. */
  readonly hello: SessionSender["hello"];
  /** The packets of one or more whole items. */
  readonly encode: (samples: Samples) => Uint8Array<ArrayBuffer>[];
}

export interface LoadEncoderOptions {
  /**
   * The kernels, where they must not be compiled from the bytes that travel inside this package: a module, its bytes, or where to fetch
   * them. `@isthmus/kernels/plan.wasm` is the file. Default: `inline`.
   */
  readonly wasm?: WebAssembly.Module | BufferSource | URL | "inline";
  /** Default: `wasm` where WebAssembly has vectors, else `javascript`. Both write the same bytes. */
  readonly kernels?: Executor["kernels"];
  readonly limits?: BundleLimits;
}

/**
 * An encoder on the fastest kernels that run here.
 *
 * @throws IsthmusError `BUNDLE_*`, `TABLE_INVALID`, `PLAN_*` as `readBundle`; `WASM_NO_SIMD`; `WASM_FETCH`
 */
export async function loadEncoder(bundle: Uint8Array, options: LoadEncoderOptions = {}): Promise<Encoder> {
  const kernels = await openKernels(executorOptions(options));
  const read = readBundleBy(kernels ? checksumBy(kernels) : crc32c, bundle, options.limits);
  return encoderOver(read, openExecutor(read.plan, kernels));
}

function executorOptions({ wasm, kernels }: LoadEncoderOptions): LoadExecutorOptions {
  return {
    ...(kernels && { kernels }),
    ...(wasm !== undefined && wasm !== "inline" && { module: wasm }),
  };
}

/**
 * An encoder in plain JavaScript, at once: no WebAssembly, BigInt, `atob` or WebCrypto.
 *
 * @throws IsthmusError as `readBundle`
 */
export function javascriptEncoder(bundle: Uint8Array, limits: BundleLimits = {}): Encoder {
  const read = readBundle(bundle, limits);
  return encoderOver(read, openJavascript(read.plan));
}

function encoderOver(bundle: EncoderBundle, { kernels, run }: Executor): Encoder {
  const { modelId, quality, dims, tables, plan, units } = bundle;
  const reader = new SampleReader(units);
  const writer = new LatentWriter({ tables, dims, modelId, quality });
  const item = new Float32Array(plan.input.length);
  let symbols = new Int32Array(dims);

  /** Makes the symbols of all items; returns how many items these are. */
  const infer = (samples: Samples): number => {
    const items = samples.length / item.length;
    if (!Number.isInteger(items) || items === 0) {
      throw new RangeError(`"samples" expected whole items of ${item.length}, got ${samples.length}`);
    }
    if (symbols.length < items * dims) symbols = new Int32Array(items * dims);
    for (let i = 0; i < items; i++) {
      reader.read(samples, i * item.length, item);
      symbols.set(run(item), i * dims);
    }
    return items;
  };
  const encodeInto = (samples: Samples, into: Uint8Array, at = 0): number => {
    const items = infer(samples);
    return writer.write(symbols, items, into, at);
  };
  let spare = new Uint8Array(0);
  const encode = (samples: Samples): Uint8Array<ArrayBuffer> => {
    const items = infer(samples);
    const most = writer.maxBytes(items);
    if (spare.length < most) spare = new Uint8Array(most);
    return spare.slice(0, writer.write(symbols, items, spare, 0));
  };
  return {
    ...{ kernels, modelId, quality, dims, itemLength: item.length, encode, encodeInto },
    maxBytes: (items) => writer.maxBytes(items),
    stream: () => new TransformStream({ transform: (samples, to) => to.enqueue(encode(samples)) }),
    openSession: (options) => {
      const sender = sessionSender({ modelId, quality, dims }, options, (of) => writer.message(of, of.length / dims));
      return {
        hello: () => sender.hello(),
        encode: (samples) => {
          const items = infer(samples);
          return sender.encode(symbols.subarray(0, items * dims));
        },
      };
    },
  };
}

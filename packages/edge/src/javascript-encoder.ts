import { LatentWriter } from "@isthmus/codec";
import { readBundle } from "./bundle.ts";
import type { BundleLimits } from "./bundle-limits.ts";
import { type Encoder, encoderOf, type FrameMaker } from "./encoder.ts";
import { openJavascript } from "./executor.ts";
import { SampleReader } from "./samples.ts";

/**
 * An encoder in plain JavaScript, at once: no WebAssembly, BigInt, `atob` or WebCrypto.
 *
 * @throws IsthmusError as `readBundle`
 */
export function javascriptEncoder(bundle: Uint8Array, limits: BundleLimits = {}): Encoder {
  return encoderOf(javascriptFrames(bundle, limits));
}

function javascriptFrames(bundle: Uint8Array, limits: BundleLimits): FrameMaker {
  const { modelId, quality, dims, tables, plan, units } = readBundle(bundle, limits);
  const { kernels, run } = openJavascript(plan);
  const reader = new SampleReader(units);
  const writer = new LatentWriter({ tables, dims, modelId, quality });
  const item = new Float32Array(plan.input.length);
  let symbols = new Int32Array(dims);
  return {
    ...{ kernels, modelId, quality, dims, itemLength: item.length },
    infer: (samples, items) => {
      if (symbols.length < items * dims) symbols = new Int32Array(items * dims);
      for (let i = 0; i < items; i++) {
        reader.read(samples, i * item.length, item);
        symbols.set(run(item), i * dims);
      }
    },
    write: (items, into, at) => writer.write(symbols, items, into, at),
    message: (items) => writer.message(symbols, items),
  };
}

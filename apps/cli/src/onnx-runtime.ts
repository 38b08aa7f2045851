import { UsageError } from "./errors.ts";

type Runtime = typeof import("onnxruntime-node");

/** onnxruntime-node, or why it cannot be had. Loaded only when asked for: it is large. */
export async function onnxRuntime(): Promise<Runtime | { readonly missing: string }> {
  try {
    const loaded = (await import("onnxruntime-node")) as Runtime & { readonly default?: Runtime };
    return loaded.default ?? loaded;
  } catch (error) {
    return { missing: error instanceof Error ? (error.message.split("\n")[0] as string) : String(error) };
  }
}

/** What can be fed: labels are int32, pixels may be bytes, everything else is float32. */
export type Fed = Float32Array | Int32Array | Uint8Array;

/** One row-major array and its shape. */
interface Tensor<D extends Fed = Float32Array> {
  readonly shape: readonly number[];
  readonly data: D;
}

/** An ONNX file opened with onnxruntime-node. */
export interface OnnxSession {
  run(inputs: Readonly<Record<string, Tensor<Fed>>>): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

/** Opens the bytes of the file `path`. */
export async function openOnnx(runtime: Runtime, path: string, bytes: Uint8Array): Promise<OnnxSession> {
  const session = await answering(path, () => runtime.InferenceSession.create(bytes));
  return {
    run: async (inputs) => {
      const feeds = Object.entries(inputs).map(([name, { shape, data }]) => [
        name,
        new runtime.Tensor(typeOf(data), data as Float32Array, shape),
      ]);
      const results = await answering(path, () => session.run(Object.fromEntries(feeds)));
      const tensors = Object.entries(results).map(([name, tensor]) => [
        name,
        { shape: tensor.dims, data: tensor.data as Float32Array },
      ]);
      return Object.fromEntries(tensors);
    },
    release: () => session.release(),
  };
}

function typeOf(data: Fed): "int32" | "uint8" | "float32" {
  if (data instanceof Int32Array) return "int32";
  return data instanceof Uint8Array ? "uint8" : "float32";
}

/** What onnxruntime says against a file is the user's to know, in one line. */
async function answering<R>(path: string, body: () => Promise<R>): Promise<R> {
  try {
    return await body();
  } catch (error) {
    throw new UsageError(`onnxruntime-node cannot run ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** The runtime, or a line that says how to get it. */
export async function requireOnnxRuntime(): Promise<Runtime> {
  const runtime = await onnxRuntime();
  if ("missing" in runtime) {
    throw new UsageError(
      `onnxruntime-node cannot be loaded (${runtime.missing}); install it, or decode without --onnx`,
    );
  }
  return runtime;
}

import { UsageError } from "@isthmus/command-line/node";
import { type ElementArray, elementArray, elementNumbers, isElementName } from "@isthmus/onnx";
import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";

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

/** One row-major array and its shape. */
interface Tensor<D = Float32Array> {
  readonly shape: readonly number[];
  readonly data: D;
}

/** An ONNX file opened with onnxruntime-node. */
export interface OnnxSession {
  /** Takes numbers, whatever type the file wants them in, and gives float32. */
  run(inputs: Readonly<Record<string, Tensor<ArrayLike<number>>>>): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

/** Opens the file `path` with the data beside it; `source` is where, or in which bytes, it is until it is there. */
export async function openOnnx(
  runtime: Runtime,
  path: string,
  source: string | Uint8Array = path,
): Promise<OnnxSession> {
  const session = await answering(path, () => runtime.InferenceSession.create(source as string));
  return {
    run: async (inputs) => {
      const feeds = session.inputMetadata.flatMap((port) => {
        const given = inputs[port.name];
        return given ? [[port.name, fed(runtime, path, port, given)] as const] : [];
      });
      const results = await answering(path, () => session.run(Object.fromEntries(feeds)));
      const tensors = Object.entries(results).map(([name, tensor]) => [name, made(path, name, tensor)] as const);
      return Object.fromEntries(tensors);
    },
    release: () => session.release(),
  };
}

type Port = InferenceSession.ValueMetadata;

function fed(runtime: Runtime, path: string, port: Port, { shape, data }: Tensor<ArrayLike<number>>): OrtTensor {
  const type = port.isTensor ? port.type : "string";
  if (!isElementName(type))
    throw new UsageError(`${path}: input "${port.name}" takes ${type}, which cannot be fed here`);
  return new runtime.Tensor(type, elementArray(type, data) as never, shape);
}

function made(path: string, name: string, { type, data, dims }: OrtTensor): Tensor {
  if (type === "float32") return { shape: dims, data: data as Float32Array };
  if (!isElementName(type)) throw new UsageError(`${path}: output "${name}" is of ${type}, which cannot be read here`);
  return { shape: dims, data: Float32Array.from(elementNumbers(type, data as ElementArray)) };
}

/** What onnxruntime says against a file is the user's to know, in one line. */
async function answering<R>(path: string, body: () => Promise<R>): Promise<R> {
  try {
    return await body();
  } catch (error) {
    throw new UsageError(`onnxruntime-node cannot run ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * The runtime, or a line that says how to get it.
 *
 * @param otherwise what else can be done, such as `, or decode without --onnx`
 */
export async function requireOnnxRuntime(otherwise = ""): Promise<Runtime> {
  const runtime = await onnxRuntime();
  if ("missing" in runtime) {
    throw new UsageError(`onnxruntime-node cannot be loaded (${runtime.missing}); install it${otherwise}`);
  }
  return runtime;
}

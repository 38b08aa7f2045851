import { concreteShape, type Program } from "@isthmus/graph";
import * as native from "onnxruntime-node";
import * as web from "onnxruntime-web/wasm";

export type Arrays = Readonly<Record<string, Float32Array | Int32Array | Uint8Array>>;
type Optimisation = "disabled" | "all";

interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** Of a program whose inputs the file has as they are. */
  run(program: Program, inputs: Arrays, batch: number): Promise<Record<string, Float32Array>>;
  /** Of inputs with the batch in front, in the shapes that the file says. */
  runFed(inputs: Arrays, batch: number): Promise<Record<string, Float32Array>>;
  release(): Promise<void>;
}

export interface Runtime {
  readonly name: string;
  open(bytes: Uint8Array, optimisation: Optimisation): Promise<Session>;
}

web.env.wasm.numThreads = 1;
web.env.logLevel = "error";

/**
 * With shape inference strict: a declared shape or type that does not follow from the inputs is refused. And with products of
 * bytes computed as the file says: optimised, onnxruntime 1.30 rounds what a `MatMul` multiplies weights in bytes with to bytes
 * as well (`MatMulNBits`) unless told not to, and on x86 without VNNI adds pairs of products of bytes in 16 bits, too few for
 * weights of 8.
 */
const strict = {
  logSeverityLevel: 3,
  intraOpNumThreads: 1,
  extra: { session: { strict_shape_type_inference: "1", qdq_matmulnbits_accuracy_level: "0", x64quantprecision: "1" } },
} as const;

export const runtimes: readonly Runtime[] = [
  {
    name: "onnxruntime-node",
    open: async (bytes, graphOptimizationLevel) =>
      wrap(native, await native.InferenceSession.create(bytes, { ...strict, graphOptimizationLevel })),
  },
  {
    name: "onnxruntime-web",
    open: async (bytes, graphOptimizationLevel) =>
      wrap(web, await web.InferenceSession.create(bytes, { ...strict, graphOptimizationLevel })),
  },
];

/** A file by its path, with the data beside it. */
export async function openPath(path: string): Promise<Session> {
  return wrap(native, await native.InferenceSession.create(path, strict));
}

/** A file and the one beside it, both in memory, as a browser has them. */
export async function openBuffers(
  bytes: Uint8Array,
  data: { readonly path: string; readonly data: Uint8Array },
): Promise<Session> {
  return wrap(web, await web.InferenceSession.create(bytes, { ...strict, externalData: [data] }));
}

const tensorTypes = { f32: "float32", i32: "int32", u8: "uint8" } as const;
const typeOf = (data: Arrays[string]) =>
  data instanceof Float32Array ? "float32" : data instanceof Int32Array ? "int32" : "uint8";

type Tensors = Record<string, native.Tensor>;

/** Both packages have the same interface, though not the same types. */
function wrap(ort: Pick<typeof native, "Tensor">, session: native.InferenceSession): Session {
  const run = async (feeds: Tensors): Promise<Record<string, Float32Array>> => {
    const outputs = await session.run(feeds);
    return Object.fromEntries(session.outputNames.map((name) => [name, outputs[name]!.data as Float32Array]));
  };
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    run: (program, inputs, batch) => {
      const feeds = session.inputNames.map((name) => {
        const { shape, dtype } = program.nodes[program.inputs[name]!]!;
        const dims = concreteShape(shape, batch);
        return [name, new ort.Tensor(tensorTypes[dtype], inputs[name] as Float32Array, dims)] as const;
      });
      return run(Object.fromEntries(feeds));
    },
    runFed: (inputs, batch) => {
      const feeds = session.inputMetadata.map((port) => {
        const data = inputs[port.name]!;
        const dims = (port as native.InferenceSession.TensorValueMetadata).shape.map((dim) =>
          dim === "batch" ? batch : (dim as number),
        );
        return [port.name, new ort.Tensor(typeOf(data), data as Float32Array, dims)] as const;
      });
      return run(Object.fromEntries(feeds));
    },
    release: () => session.release(),
  };
}

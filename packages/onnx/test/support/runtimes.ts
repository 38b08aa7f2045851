import { concreteShape, type Program } from "@isthmus/graph";
import * as native from "onnxruntime-node";
import * as web from "onnxruntime-web/wasm";

export type Arrays = Readonly<Record<string, Float32Array | Int32Array | Uint8Array>>;
type Optimisation = "disabled" | "all";

interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(program: Program, inputs: Arrays, batch: number): Promise<Record<string, Float32Array>>;
}

export interface Runtime {
  readonly name: string;
  open(bytes: Uint8Array, optimisation: Optimisation): Promise<Session>;
}

web.env.wasm.numThreads = 1;
web.env.logLevel = "error";

/** With shape inference strict: a declared shape or type that does not follow from the inputs is refused. */
const strict = {
  logSeverityLevel: 3,
  intraOpNumThreads: 1,
  extra: { session: { strict_shape_type_inference: "1" } },
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

const tensorTypes = { f32: "float32", i32: "int32", u8: "uint8" } as const;

/** Both packages have the same interface, though not the same types. */
function wrap(ort: Pick<typeof native, "Tensor">, session: native.InferenceSession): Session {
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    run: async (program, inputs, batch) => {
      const feeds = session.inputNames.map((name) => {
        const { shape, dtype } = program.nodes[program.inputs[name]!]!;
        return [
          name,
          new ort.Tensor(tensorTypes[dtype], inputs[name] as Float32Array, concreteShape(shape, batch)),
        ] as const;
      });
      const outputs = await session.run(Object.fromEntries(feeds));
      return Object.fromEntries(session.outputNames.map((name) => [name, outputs[name]!.data as Float32Array]));
    },
  };
}

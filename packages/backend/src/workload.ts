import {
  contentHash,
  type DType,
  dense,
  elementCount,
  GraphBuilder,
  type HostArray,
  idLimits,
  type Node,
  type Program,
  serialiseProgram,
  trainingStep,
} from "@isthmus/graph";
import { randomUniform } from "@isthmus/math";

/** A network of dense layers that is made for the measurement. */
export interface DenseWorkload {
  /** `training`: a step of Adam on the squared error; `inference`: the forward pass. */
  readonly task: "training" | "inference";
  /** Widths, from what goes in to what comes out: at least two. Hidden layers are relu. */
  readonly layers: readonly number[];
  /** Items in a run. Default: 128. */
  readonly batch?: number;
}

/** A program of one's own: a step of training, an encoder, a decoder. */
export interface ProgramWorkload {
  readonly program: Program;
  /** Items in a run. Default: 128. */
  readonly batch?: number;
  /** What to call it. Default: `the program`. */
  readonly name?: string;
}

export type Workload = DenseWorkload | ProgramWorkload;

/** What is measured where nothing is said: a step of training an autoencoder of digits, 784-400-20-400-784, at batch 128. */
export const defaultWorkload: DenseWorkload = { task: "training", layers: [784, 400, 20, 400, 784], batch: 128 };

/** What an engine is given to run. */
export interface PreparedWorkload {
  readonly name: string;
  readonly batch: number;
  readonly program: Program;
  /** Numbers for every input, the same each time. */
  readonly inputs: Readonly<Record<string, HostArray>>;
  /** The same for the same program at the same batch size, whatever its name. */
  readonly id: string;
}

/**
 * @throws TypeError what is no workload
 * @throws RangeError a batch, a task or widths out of range
 */
export function prepareWorkload(workload: Workload): PreparedWorkload {
  if (typeof workload !== "object" || workload === null) {
    throw new TypeError(`"workload" expected { program } or { task, layers }, got ${String(workload)}`);
  }
  const { batch = 128 } = workload;
  requireCount("workload.batch", batch);
  const program = "program" in workload ? requireProgram(workload.program) : denseProgram(workload);
  const name =
    "program" in workload ? (workload.name ?? "the program") : `${workload.task} ${workload.layers.join("-")}`;
  const inputs = once(() => inputsOf(program, batch));
  const id = once(() => contentHash(serialiseProgram(program), String(batch)));
  return {
    ...{ name, batch, program },
    get inputs() {
      return inputs();
    },
    get id() {
      return id();
    },
  };
}

/** Where nothing is measured, nothing is made for it: a batch of photographs is large. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

function inputsOf(program: Program, batch: number): PreparedWorkload["inputs"] {
  const each = Object.entries(program.inputs);
  return Object.fromEntries(each.map(([name, id]) => [name, valuesFor(name, program, program.nodes[id]!, batch)]));
}

function requireProgram(program: Program): Program {
  if (Array.isArray((program as Partial<Program> | undefined)?.nodes)) return program;
  throw new TypeError(`"workload.program" expected a program of @isthmus/graph, got ${String(program)}`);
}

function requireCount(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value > 0) return;
  throw new RangeError(`"${name}" expected a positive integer, got ${String(value)}`);
}

function denseProgram({ task, layers }: DenseWorkload): Program {
  if (task !== "training" && task !== "inference") {
    throw new RangeError(`"workload.task" expected training or inference, got ${String(task)}`);
  }
  if (!Array.isArray(layers) || layers.length < 2) {
    throw new RangeError(`"workload.layers" expected at least two widths, got ${JSON.stringify(layers)}`);
  }
  layers.forEach((units, i) => requireCount(`workload.layers[${i}]`, units));
  const build = new GraphBuilder();
  const x = build.input("x", ["batch", layers[0]!]);
  const y = layers.slice(1).reduce((h, units, i) => {
    const activation = i === layers.length - 2 ? "linear" : "relu";
    return dense(build, h, { name: `layer${i}`, units, activation });
  }, x);
  if (task === "inference") return build.program({ outputs: { y } });
  const target = build.input("target", ["batch", layers.at(-1)!]);
  const error = build.mean(build.square(build.sub(y, target)));
  const loss = build.program({ outputs: { loss: error } });
  return trainingStep(loss, Object.keys(loss.state));
}

/** Small numbers: as pixels, ids that are there, and for the scalars of a step a thousandth, as a learning rate has. */
function valuesFor(name: string, program: Program, { dtype, shape }: Node, batch: number): HostArray {
  const uniform = new Float32Array(elementCount(shape, batch));
  randomUniform(uniform, { seed: 1, stream: name, step: 0 });
  const make: Readonly<Record<DType, () => HostArray>> = {
    f32: () => (shape.length === 0 ? uniform.fill(1e-3) : uniform),
    i32: () => Int32Array.from(uniform, (u) => Math.floor(u * (idLimits(program).get(name) ?? 1))),
    u8: () => Uint8Array.from(uniform, (u) => Math.floor(u * Math.min(256, idLimits(program).get(name) ?? 256))),
  };
  return make[dtype]();
}

import { batches, type Dataset, permutation } from "@isthmus/data";
import {
  dense,
  describedOptimiser,
  type Engine,
  type EngineState,
  type Executable,
  GraphBuilder,
  include,
  initialise,
  type Node,
  type Program,
  type StoredTensor,
  trainingStep,
} from "@isthmus/graph";

/** From the input `x` [batch, features], which it declares, to what a linear layer tells classes by, [batch, units]. */
export type Trunk = (build: GraphBuilder) => Node;

/** One hidden layer. */
export function hiddenLayer(features: number, units: number): Trunk {
  return (build) => {
    const x = build.input("x", ["batch", features]);
    return dense(build, x, { name: "classifier.hidden", units, activation: "relu" });
  };
}

/** An encoder of the zoo up to its code: a posterior's mean, or `z`. Parameters have the names they have there. */
export function encoderOf(encoder: Program): Trunk {
  return (build) => include(build, encoder)[encoder.outputs["mu"] ?? encoder.outputs["z"]!]!;
}

export interface ClassifierOptions {
  readonly trunk: Trunk;
  readonly classes: number;
  readonly seed: number;
  /** What is not drawn at the start, by name; what the network lacks is ignored. */
  readonly start?: Readonly<Record<string, StoredTensor>>;
}

const RATE = 1e-3;

/** A trunk and a linear layer, trained as a whole on labels: softmax, cross-entropy, Adam 0.001. */
export class Classifier {
  private readonly state: EngineState;
  private readonly training: Executable;
  private readonly recognition: Executable;
  private readonly scalars = describedOptimiser({ kind: "adam" }).scalars();

  static async create(engine: Engine, { trunk, classes, seed, start = {} }: ClassifierOptions): Promise<Classifier> {
    const step = trainingProgram(trunk, classes);
    const state = engine.createState(step.state);
    for (const [name, values] of Object.entries(initialise(step.state, seed))) {
      await state.write(name, (start[name]?.data as Float32Array | undefined) ?? values);
    }
    const recognition = await engine.compile(recognitionProgram(trunk, classes), state);
    return new Classifier(state, await engine.compile(step, state), recognition);
  }

  private constructor(state: EngineState, training: Executable, recognition: Executable) {
    this.state = state;
    this.training = training;
    this.recognition = recognition;
  }

  /** One step on a batch. */
  async step(x: Float32Array, label: Int32Array): Promise<void> {
    this.scalars.advance(RATE);
    await this.training.run({ x, label, ...this.scalars.inputs });
  }

  /** `epochs` times all items of `dataset`, in a new order each time. */
  async train(dataset: Dataset, { epochs, seed }: { readonly epochs: number; readonly seed: number }): Promise<void> {
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = permutation(dataset.items, { seed, epoch });
      for (const { values, indices } of batches(dataset, { batchSize: 128, order })) {
        await this.step(values, labelsOf(dataset, indices));
      }
    }
  }

  /** Rows [batch, features] to probabilities [batch, classes]. */
  async probabilities(x: Float32Array): Promise<Float32Array> {
    return (await this.recognition.run({ x })).outputs["probabilities"]!.read();
  }

  /** Share of items whose most probable class is not theirs. */
  async error(dataset: Dataset): Promise<number> {
    let wrong = 0;
    for (const { values, indices, size } of batches(dataset, { batchSize: 1000 })) {
      const p = await this.probabilities(values);
      const classes = p.length / size;
      indices.forEach((item, row) => {
        const own = p.subarray(row * classes, (row + 1) * classes);
        const best = own.reduce((most, one, c) => (one > own[most]! ? c : most), 0);
        if (best !== dataset.labels![item]) wrong++;
      });
    }
    return wrong / dataset.items;
  }

  dispose(): void {
    this.training.dispose();
    this.recognition.dispose();
    this.state.dispose();
  }
}

/** i32 labels of these items. */
export function labelsOf({ labels }: Dataset, indices: Int32Array): Int32Array {
  return indices.map((item) => labels![item]!);
}

function logitsOf(build: GraphBuilder, trunk: Trunk, classes: number): Node {
  return dense(build, trunk(build), { name: "classifier.output", units: classes });
}

function trainingProgram(trunk: Trunk, classes: number): Program {
  const build = new GraphBuilder();
  const label = build.input("label", ["batch"], "i32");
  const loss = build.mean(build.softmaxCrossEntropy(logitsOf(build, trunk, classes), label));
  const program = build.program({ outputs: { loss } });
  return trainingStep(program, Object.keys(program.state));
}

function recognitionProgram(trunk: Trunk, classes: number): Program {
  const build = new GraphBuilder();
  return build.program({ outputs: { probabilities: build.softmax(logitsOf(build, trunk, classes)) } });
}

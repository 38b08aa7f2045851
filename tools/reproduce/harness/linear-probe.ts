import { type Dataset, gather, itemSize, permutation } from "@isthmus/data";
import { dense, describedOptimiser, type Engine, GraphBuilder, initialise, trainingStep } from "@isthmus/graph";

const EPOCHS = 10;
const BATCH_SIZE = 128;
const RATE = 2e-3;

/** Labelled features. */
export interface Features {
  readonly train: Dataset;
  readonly test: Dataset;
}

/**
 * Share of the test items that a linear classifier on `features` names rightly: softmax regression on features of mean 0
 * and variance 1 (over the training items), Adam falling from 0.002 to 0 in 10 epochs of batches of 128, no weight decay.
 *
 * @param epochs more of them where items are few
 */
export async function linearProbe(
  engine: Engine,
  { train, test }: Features,
  seed: number,
  epochs: number = EPOCHS,
): Promise<number> {
  const scaling = standardisation(train);
  const { kernel, bias } = await regression(engine, train, scaling, { seed, epochs });
  const width = itemSize(test);
  const x = new Float32Array(width);
  const classes = bias.length;
  let right = 0;
  for (let item = 0; item < test.items; item++) {
    gather(test, [item], x);
    scaled(x, scaling);
    let best = 0;
    let most = -Infinity;
    for (let c = 0; c < classes; c++) {
      let logit = bias[c]!;
      for (let i = 0; i < width; i++) logit += x[i]! * kernel[i * classes + c]!;
      if (logit > most) [best, most] = [c, logit];
    }
    if (best === test.labels![item]) right++;
  }
  return right / test.items;
}

interface Regression {
  /** [features, classes] */
  readonly kernel: Float32Array;
  /** [classes] */
  readonly bias: Float32Array;
}

async function regression(
  engine: Engine,
  train: Dataset,
  scaling: Scaling,
  { seed, epochs }: { readonly seed: number; readonly epochs: number },
): Promise<Regression> {
  const width = itemSize(train);
  const program = step(width, train.classes!);
  const state = engine.createState(program.state);
  for (const [name, values] of Object.entries(initialise(program.state, seed))) await state.write(name, values);
  const executable = await engine.compile(program, state);
  const scalars = describedOptimiser({ kind: "adam" }).scalars();
  const steps = epochs * Math.ceil(train.items / BATCH_SIZE);
  const x = new Float32Array(BATCH_SIZE * width);
  for (let epoch = 0, t = 0; epoch < epochs; epoch++) {
    const order = permutation(train.items, { seed, stream: "shuffle", epoch });
    for (let from = 0; from < train.items; from += BATCH_SIZE, t++) {
      const indices = order.subarray(from, from + BATCH_SIZE);
      const batch = x.subarray(0, indices.length * width);
      gather(train, indices, batch);
      scaled(batch, scaling);
      const label = Int32Array.from(indices, (item) => train.labels![item]!);
      scalars.advance((RATE / 2) * (1 + Math.cos((Math.PI * t) / steps)));
      await executable.run({ x: batch, label, ...scalars.inputs });
    }
  }
  const [kernel, bias] = [await state.read("probe.kernel"), await state.read("probe.bias")];
  executable.dispose();
  state.dispose();
  return { kernel, bias };
}

function step(width: number, classes: number): ReturnType<typeof trainingStep> {
  const build = new GraphBuilder();
  const x = build.input("x", ["batch", width]);
  const label = build.input("label", ["batch"], "i32");
  const logits = dense(build, x, { name: "probe", units: classes });
  const loss = build.mean(build.softmaxCrossEntropy(logits, label));
  return trainingStep(build.program({ outputs: { loss } }), ["probe.kernel", "probe.bias"]);
}

interface Scaling {
  readonly mean: Float64Array;
  readonly factor: Float64Array;
}

/** A feature that is always the same keeps its 0. */
function standardisation(train: Dataset): Scaling {
  const width = itemSize(train);
  const mean = new Float64Array(width);
  const square = new Float64Array(width);
  const x = new Float32Array(width);
  for (let item = 0; item < train.items; item++) {
    gather(train, [item], x);
    x.forEach((value, i) => {
      mean[i]! += value / train.items;
      square[i]! += value ** 2 / train.items;
    });
  }
  const factor = square.map((value, i) => {
    const variance = value - mean[i]! ** 2;
    return variance > 1e-8 ? 1 / Math.sqrt(variance) : 0;
  });
  return { mean, factor };
}

function scaled(rows: Float32Array, { mean, factor }: Scaling): void {
  rows.forEach((value, i) => (rows[i] = (value - mean[i % mean.length]!) * factor[i % mean.length]!));
}

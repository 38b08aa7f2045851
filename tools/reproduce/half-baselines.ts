import { openNetwork } from "@isthmus/compress";
import type { Dataset } from "@isthmus/data";
import { type Engine, GraphBuilder } from "@isthmus/graph";
import type { ModelDefinition } from "@isthmus/models";
import { CholeskyDecomposition, Matrix } from "ml-matrix";
import { firstItems } from "./harness/training.ts";

/** Images cut in two: the features that a model is told of, [items, known], and the others, [items, hidden]. */
export interface Halves {
  readonly items: number;
  readonly known: Float32Array;
  readonly hidden: Float32Array;
}

/** Cuts the images of a data set where a model's condition does. */
export function halvesOf(dataset: Dataset, { toldBy }: NonNullable<ModelDefinition["condition"]>): Halves {
  const { items } = dataset;
  const images = firstItems(dataset, items);
  const part = (isKnown: boolean): Float32Array => {
    const features = toldBy.flatMap((by, feature) => (by >= 0 === isKnown ? [feature] : []));
    const values = new Float32Array(items * features.length);
    values.forEach((_, at) => {
      const item = Math.floor(at / features.length);
      values[at] = images[item * toldBy.length + features[at % features.length]!]!;
    });
    return values;
  };
  return { items, known: part(true), hidden: part(false) };
}

/** The mean hidden half of the training images, for each of `items`. */
export function meanHalf({ items: count, hidden }: Halves, items: number): Float32Array {
  const width = hidden.length / count;
  const mean = new Float64Array(width);
  hidden.forEach((value, at) => (mean[at % width]! += value / count));
  return Float32Array.from({ length: items * width }, (_, at) => mean[at % width]!);
}

const CHUNK = 100;

/** The hidden halves of those training images whose known halves are nearest, [items, hidden]. */
export async function nearestHalf(engine: Engine, train: Halves, { items, known }: Halves): Promise<Float32Array> {
  const [width, hiddenWidth] = [known.length / items, train.hidden.length / train.items];
  const build = new GraphBuilder();
  const candidates = build.state("candidates", { shape: [train.items, width], init: { kind: "zeros" } });
  const x = build.input("x", ["batch", width]);
  // ||x - c||^2 without ||x||^2, which is the same for all.
  const squares = build.sum(build.square(candidates), { axes: [-1] });
  const products = build.matmul(x, candidates, { transposeB: true });
  const distance = build.sub(squares, build.mul(build.scalar(2), products));
  const program = build.program({ outputs: { distance } });
  const parameters = { candidates: { dtype: "f32", shape: [train.items, width], data: train.known } } as const;
  const nearest = new Float32Array(items * hiddenWidth);
  const network = await openNetwork(engine, program, parameters);
  try {
    for (let from = 0; from < items; from += CHUNK) {
      const count = Math.min(CHUNK, items - from);
      const { distance } = await network.run({ x: known.slice(from * width, (from + count) * width) });
      for (let row = 0; row < count; row++) {
        const best = indexOfLeast(distance!.subarray(row * train.items, (row + 1) * train.items));
        const half = train.hidden.subarray(best * hiddenWidth, (best + 1) * hiddenWidth);
        nearest.set(half, (from + row) * hiddenWidth);
      }
    }
  } finally {
    network.dispose();
  }
  return nearest;
}

function indexOfLeast(values: Float32Array): number {
  let least = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! < values[least]!) least = i;
  return least;
}

/** Pixels at the edge are always 0: without it the equations have no single solution. Far below the 60,000 images' weight. */
const RIDGE = 1;

/** What linear regression on the known half makes of the hidden one, cut to [0, 1]: [items, hidden]. */
export function regressedHalf(train: Halves, { items, known }: Halves): Float32Array {
  const [inputs, outputs] = [known.length / items, train.hidden.length / train.items];
  const gram = new Float64Array((inputs + 1) ** 2);
  const moments = new Float64Array((inputs + 1) * outputs);
  for (let item = 0; item < train.items; item++) {
    const row = withOne(train.known.subarray(item * inputs, (item + 1) * inputs));
    const target = train.hidden.subarray(item * outputs, (item + 1) * outputs);
    const used = [...row.keys()].filter((i) => row[i] !== 0);
    for (const i of used) {
      for (const j of used) gram[i * (inputs + 1) + j]! += row[i]! * row[j]!;
      for (let j = 0; j < outputs; j++) moments[i * outputs + j]! += row[i]! * target[j]!;
    }
  }
  for (let i = 0; i < inputs; i++) gram[i * (inputs + 1) + i]! += RIDGE;
  const equations = Matrix.from1DArray(inputs + 1, inputs + 1, gram);
  const weights = new CholeskyDecomposition(equations).solve(Matrix.from1DArray(inputs + 1, outputs, moments));
  const rows = Array.from({ length: items }, (_, item) => withOne(known.subarray(item * inputs, (item + 1) * inputs)));
  return Float32Array.from(new Matrix(rows).mmul(weights).to1DArray(), (value) => Math.min(1, Math.max(0, value)));
}

function withOne(row: Float32Array): Float64Array {
  return Float64Array.from([...row, 1]);
}

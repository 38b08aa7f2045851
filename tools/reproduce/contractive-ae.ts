import { interpret } from "@isthmus/graph";
import { contractiveAutoencoder } from "@isthmus/models";
import { barChart } from "@isthmus/plot";
import { dataConvention } from "@isthmus/train";
import type { Context, Made, Reproduction, Row, Splits } from "./harness/reproduction.ts";
import { firstItems, forSeeds, seedRuns, trained, type Trained } from "./harness/training.ts";

const UNITS = 100;
const CONTRACTIONS = [0, 0.1, 1] as const;
const EPOCHS = 15;
const LEARNING_RATE = 1e-3;
const CHECKED = 20;

export const contractiveAe: Reproduction = {
  name: "contractive-ae",
  what: "Contractive autoencoders: the norm of the code's Jacobian, and its penalty by formula and by differentiating the graph",
  minutes: 4,
  run,
};

async function run(context: Context): Promise<Made> {
  const data = await context.mnist();
  const made: Trained[][] = [];
  for (const contraction of CONTRACTIONS) {
    made.push(await forSeeds(context, (seed) => train(context, data, seed, contraction)));
  }
  const [plain, ...contractive] = made as [Trained[], ...Trained[][]];
  return {
    rows: [
      ...made.flatMap((seeds, i) => normRows(context, CONTRACTIONS[i]!, seeds)),
      ...contractive.map((seeds, i) => ratioRow(context, CONTRACTIONS[i + 1]!, plain, seeds)),
      agreementRow(context, data, contractive[0]!),
    ],
    protocol: {
      network: `784-${UNITS}-784, sigmoid code, tied weights; kind contractive-ae`,
      penalty: "weight times the squared Frobenius norm of the code's Jacobian, by the formula of one sigmoid layer",
      optimiser: `Adam, cosine from ${LEARNING_RATE} to 0, batch 128, ${context.epochs(EPOCHS)} epochs`,
    },
    details: { metrics: made.map((seeds) => seeds.map(({ test }) => ({ ...test }))) },
    pictures: { "": chart(made) },
  };
}

function train(context: Context, data: Splits, seed: number, contraction: number): Promise<Trained> {
  const epochs = context.epochs(EPOCHS);
  const learningRate = { kind: "cosine", rate: LEARNING_RATE, epochs } as const;
  const settings = { title: `contraction ${contraction}`, seed, epochs, learningRate };
  return trained(context, contractiveAutoencoder({ latent: UNITS, contraction }), data, settings);
}

const norm = ({ test }: Trained): number => Math.sqrt(test["squaredJacobianNorm"]!);

function normRows(context: Context, contraction: number, made: readonly Trained[]): Row[] {
  return [
    {
      what: `contraction ${contraction}: norm of the code's Jacobian`,
      unit: "",
      convention: "root of the mean squared Frobenius norm over the test images",
      published: null,
      runs: seedRuns(context, made, norm),
    },
    {
      what: `contraction ${contraction}: squared error per test image`,
      unit: "",
      convention: dataConvention(made[0]!.definition.config),
      published: null,
      runs: seedRuns(context, made, ({ test }) => test["squaredError"]!, false),
    },
  ];
}

function ratioRow(context: Context, contraction: number, plain: readonly Trained[], made: readonly Trained[]): Row {
  return {
    what: `norm of the Jacobian without a penalty over that with contraction ${contraction}`,
    unit: "",
    convention: "the same seed",
    published: null,
    runs: seedRuns(context, made, (one, i) => norm(plain[i]!) / norm(one), false),
    ...(contraction === CONTRACTIONS[1] && { line: { least: 10 } }),
  };
}

/** The trained networks' penalty by the formula and by a backward pass for each unit, in float64. */
function agreementRow(context: Context, { test }: Splits, made: readonly Trained[]): Row {
  const x = firstItems(test, CHECKED);
  const penalties = (jacobian: "analytic" | "exact", { parameters }: Trained): Float64Array => {
    const { evaluation } = contractiveAutoencoder({ latent: UNITS, jacobian });
    const state = Object.fromEntries(
      Object.entries(parameters).map(([name, { data }]) => [name, Float64Array.from(data as Float32Array)]),
    );
    return interpret(evaluation, { inputs: { x }, state, batch: CHECKED }).outputs["squaredJacobianNorm"]!.data;
  };
  const difference = (one: Trained): number => {
    const [formula, exact] = [penalties("analytic", one), penalties("exact", one)];
    return formula.reduce((worst, value, i) => Math.max(worst, Math.abs(value / exact[i]! - 1)), 0);
  };
  return {
    what: "penalty by formula beside that by differentiating the graph, largest relative difference",
    unit: "",
    convention: `${CHECKED} test images, trained weights, float64`,
    published: null,
    runs: seedRuns(context, made, difference, false),
    line: { most: 1e-6 },
  };
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

function chart(made: readonly (readonly Trained[])[]): string {
  return barChart({
    title: "What contraction costs and gains",
    subtitle: "MNIST test images, mean over the seeds",
    x: { name: "weight of the penalty" },
    y: { name: "squared error; norm of the Jacobian" },
    categories: CONTRACTIONS.map(String),
    series: [
      { name: "squared error", values: made.map((seeds) => mean(seeds.map(({ test }) => test["squaredError"]!))) },
      { name: "norm of the Jacobian", values: made.map((seeds) => mean(seeds.map(norm))) },
    ],
    valueText: (value) => value.toFixed(2),
  });
}

import { type Binarization, vae } from "@isthmus/models";
import { lineChart } from "@isthmus/plot";
import type { Context, Made, Reproduction } from "./harness/reproduction.ts";
import { trained, type Trained } from "./harness/training.ts";
import { metricRow, OWN_NUMPY, TEN_EPOCHS, TEN_EPOCHS_TEXT, termsOf } from "./variational-runs.ts";

/** Negative ELBO on the test images after 10 epochs by the NumPy implementation, one seed each. Real-valued: `vae-mnist`. */
const CONVENTIONS: readonly { readonly binarize: Binarization; readonly numpy: number }[] = [
  { binarize: "dynamic", numpy: 102.7 },
  { binarize: "threshold", numpy: 88.01 },
];

/** Seeds lie some 0.2 nats apart. */
const TOLERANCE = 0.75;

export const vaeBinarisation: Reproduction = {
  name: "vae-binarisation",
  what: "The VAE of vae-mnist on the same digits made black and white in two ways: 3 and 17 nats away from real-valued pixels",
  minutes: 6,
  run,
};

async function run(context: Context): Promise<Made> {
  const data = await context.mnist();
  const families: { readonly binarize: Binarization; readonly numpy: number; readonly made: Trained[] }[] = [];
  for (const convention of CONVENTIONS) {
    const made: Trained[] = [];
    for (const seed of context.seeds) {
      const { epochs, ...settings } = TEN_EPOCHS;
      const options = { ...settings, seed, epochs: context.epochs(epochs), evaluateEachEpoch: true };
      const title = `binarize ${convention.binarize}`;
      made.push(await trained(context, vae({ binarize: convention.binarize }), data, { ...options, title }));
    }
    families.push({ ...convention, made });
  }
  return {
    rows: families.map(({ numpy, made }) =>
      metricRow(context, made, "negElbo", {
        what: "784-400-20, negative ELBO",
        published: { figures: String(numpy), source: OWN_NUMPY },
        line: { least: numpy - TOLERANCE, most: numpy + TOLERANCE },
      }),
    ),
    protocol: { network: "784-400-20, ReLU; kind vae", optimiser: TEN_EPOCHS_TEXT },
    details: Object.fromEntries(families.map(({ binarize, made }) => [binarize, termsOf(made)])),
    pictures: {
      "": lineChart({
        title: "One network, two ways to make pixels black or white",
        subtitle: "test negative ELBO of the 784-400-20 VAE on MNIST, mean over seeds; lower is better",
        x: { name: "epoch", whole: true },
        y: { name: "nats per image" },
        series: families.map(({ binarize, made }) => ({ name: NAMES[binarize], points: meanCurve(made) })),
      }),
    },
  };
}

const NAMES: Readonly<Record<Binarization, string>> = {
  none: "real-valued",
  dynamic: "drawn anew as 0 or 1",
  threshold: "1 above 0.5, else 0",
};

/** Test negative ELBO after each epoch, mean over seeds. */
function meanCurve(made: readonly Trained[]): (readonly [number, number])[] {
  return made[0]!.history.map(({ epoch }, i) => {
    const sum = made.reduce((total, { history }) => total + history[i]!.test!["negElbo"]!, 0);
    return [epoch, sum / made.length] as const;
  });
}

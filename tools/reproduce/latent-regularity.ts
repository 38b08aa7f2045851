import { openNetwork } from "@isthmus/compress";
import { gather, itemSize, permutation, take, type Dataset } from "@isthmus/data";
import {
  composedCholesky,
  dataMoments,
  diagonalNormal,
  latentCompleteness,
  type LatentCompleteness,
  latentContinuity,
  type LatentContinuity,
  multivariateNormal,
  type NdArray,
  ndArray,
  ndArrayOps as ops,
  type RowMap,
  sample,
  splitSeed,
} from "@isthmus/math";
import { autoencoder, betaVae, vae } from "@isthmus/models";
import { barChart, figure, histogram } from "@isthmus/plot";
import { pngGrid } from "@isthmus/plot/png";
import { dataConvention } from "@isthmus/train";
import { Classifier, hiddenLayer } from "./harness/classifier.ts";
import type { Context, Made, Reproduction, Row, Splits } from "./harness/reproduction.ts";
import { codesOf, firstItems, joined, trained, type Trained } from "./harness/training.ts";
import { ranOnce } from "./variational-runs.ts";

const HIDDEN = 200;
const LATENT = 10;
const EPOCHS = 5;
/** The KL is below a hundredth of a nat by then, and nothing else moves. */
const KL_EPOCHS = 1;
const CLASSIFIER_EPOCHS = 2;
const SEGMENTS = 500;
const STEPS = 32;
const DRAWS = 1000;
const CODES = 2000;
const DATA = 5000;
const CONFIDENCE = 0.9;
const SHOWN = 12;

const NETWORK = { trunk: { kind: "dense", hidden: [HIDDEN] }, latent: LATENT } as const;
const MODELS = [
  { name: "AE", definition: autoencoder(NETWORK), epochs: EPOCHS },
  { name: "VAE", definition: vae(NETWORK), epochs: EPOCHS },
  { name: "KL only", definition: betaVae({ ...NETWORK, klWeight: 1, reconstruction: false }), epochs: KL_EPOCHS },
] as const;

export const latentRegularity: Reproduction = {
  name: "latent-regularity",
  what: "Continuity and completeness of the latent space of an autoencoder, a VAE, and a VAE trained on its KL alone",
  minutes: 5,
  run,
};

/** Everything measured with one seed; models in the order of `MODELS`. */
interface Measured {
  readonly models: readonly Trained[];
  readonly continuity: readonly LatentContinuity[];
  readonly completeness: Readonly<Record<string, LatentCompleteness>>;
  readonly classifierError: number;
  readonly seconds: number;
}

async function run(context: Context): Promise<Made> {
  const data = await context.mnist();
  const measured: Measured[] = [];
  for (const seed of context.seeds) measured.push(await measure(context, data, seed));
  return {
    rows: [
      ...modelRows(context, measured),
      ...continuityRows(context, measured),
      ...completenessRows(context, measured),
    ],
    protocol: {
      network: `784-${HIDDEN}-${LATENT}, ReLU; kinds ae and vae; KL only is the VAE without the reconstruction in its loss`,
      optimiser: `Adam 0.001, batch 128, ${context.epochs(EPOCHS)} epochs; KL only ${context.epochs(KL_EPOCHS)}`,
      continuity: `${SEGMENTS} segments between codes of the first ${CODES} test images, ${STEPS} steps each; codes of the VAEs are drawn from q(z|x)`,
      completeness: `${DRAWS} draws; recognised from probability ${CONFIDENCE} on; distances to the first ${DATA} training images`,
      classifier: `784-128-10, ReLU, 60,000 labels, Adam 0.001, batch 128, ${CLASSIFIER_EPOCHS} epochs, one for each seed`,
      definitions: "docs/regularity.md, with what these figures do not see",
    },
    details: Object.fromEntries(measured.map((one, i) => [`seed ${context.seeds[i]!}`, detailsOf(one)])),
    pictures: { "": chart(measured, context.seeds), digits: await digits(context, data.test, measured[0]!) },
  };
}

async function measure(context: Context, data: Splits, seed: number): Promise<Measured> {
  const began = performance.now();
  const models: Trained[] = [];
  for (const { name, definition, epochs } of MODELS) {
    models.push(await trained(context, definition, data, { title: name, seed, epochs: context.epochs(epochs) }));
  }
  const continuity: LatentContinuity[] = [];
  for (const model of models) continuity.push(await continuityOf(context, model, data.test, seed));
  context.tell(`classifier, seed ${seed}`);
  const classifier = await Classifier.create(context.engine, { trunk: hiddenLayer(784, 128), classes: 10, seed });
  try {
    await classifier.train(data.train, { epochs: CLASSIFIER_EPOCHS, seed });
    const completeness = await completenessOf(context, models, { data, classifier, seed });
    const classifierError = await classifier.error(data.test);
    return { models, continuity, completeness, classifierError, seconds: (performance.now() - began) / 1000 };
  } finally {
    classifier.dispose();
  }
}

async function continuityOf(context: Context, model: Trained, test: Dataset, seed: number): Promise<LatentContinuity> {
  const codes = await drawnCodes(context, model, take(test, 0, CODES), seed);
  const options = { segments: SEGMENTS, steps: STEPS, key: { seed, stream: "segments" } };
  return withDecoder(context, model, (decode) => latentContinuity(codes, decode, options));
}

/** An autoencoder's codes; a VAE's, drawn from q(z | x). */
async function drawnCodes(context: Context, model: Trained, dataset: Dataset, seed: number): Promise<NdArray> {
  const { posterior } = model.definition;
  if (!posterior) return rows((await codesOf(context, model, dataset)).values, dataset.items);
  const x = firstItems(dataset, dataset.items);
  const noise = { seed: Int32Array.from(splitSeed(seed)), step: Int32Array.of(0, 0) };
  return rows((await ranOnce(context, model, posterior, { x, ...noise }, dataset.items))["z"]!, dataset.items);
}

/** The likelihood's means. */
async function withDecoder<R>(
  { engine }: Pick<Context, "engine">,
  { definition, parameters }: Trained,
  body: (decode: RowMap) => Promise<R>,
): Promise<R> {
  const network = await openNetwork(engine, definition.decoder, parameters);
  try {
    return await body(async ({ shape, data }) => {
      const { reconstruction } = await network.run({ z: Float32Array.from(data) });
      return rows(reconstruction!, shape[0]!);
    });
  } finally {
    network.dispose();
  }
}

interface CompletenessContext {
  readonly data: Splits;
  readonly classifier: Classifier;
  readonly seed: number;
}

/** Of real and of made-up images, which are decoded already, and of each model's draws. */
async function completenessOf(
  context: Context,
  models: readonly Trained[],
  { data: { train, test }, classifier, seed }: CompletenessContext,
): Promise<Record<string, LatentCompleteness>> {
  const classify: RowMap = async ({ shape, data }) =>
    rows(await classifier.probabilities(Float32Array.from(data)), shape[0]!);
  const options = { confidence: CONFIDENCE, data: rows(firstItems(train, DATA), DATA) };
  const of = (draws: NdArray, decode: RowMap) => latentCompleteness(draws, { decode, classify }, options);
  const key = { seed, stream: "sample" };
  const [ae, vaeModel, klOnly] = models as [Trained, Trained, Trained];
  const standard = sample(standardNormal(), key, [DRAWS]);
  const fitted = async (model: Trained) =>
    sample(fittedGaussian(await drawnCodes(context, model, take(train, 0, DATA), seed)), key, [DRAWS]);
  const from = (model: Trained, draws: NdArray) => {
    context.tell(`completeness of ${model.definition.kind}, seed ${seed}`);
    return withDecoder(context, model, (decode) => of(draws, decode));
  };
  return {
    "test images": await of(rows(firstItems(test, DRAWS), DRAWS), (x) => x),
    "independent pixels": await of(independentPixels(train, seed), (x) => x),
    "AE, N(0, I)": await from(ae, standard),
    "AE, Gaussian of its codes": await from(ae, await fitted(ae)),
    "VAE, N(0, I)": await from(vaeModel, standard),
    "VAE, Gaussian of its codes": await from(vaeModel, await fitted(vaeModel)),
    "KL only, N(0, I)": await from(klOnly, standard),
  };
}

function standardNormal() {
  const zeros = ndArray([LATENT], new Float64Array(LATENT));
  return diagonalNormal(ops, { mu: zeros, logVar: zeros });
}

/** Of mean and covariance of codes. */
function fittedGaussian(codes: NdArray) {
  const { mean, covariance } = dataMoments(codes);
  return multivariateNormal(ops, { loc: mean, scaleTril: composedCholesky(ops, covariance) });
}

/** Images whose every pixel is that of another training image: [DRAWS, features]. */
function independentPixels(train: Dataset, seed: number): NdArray {
  const features = itemSize(train);
  const data = new Float64Array(DRAWS * features);
  const row = new Float32Array(features);
  for (let pixel = 0; pixel < features; pixel++) {
    const order = permutation(DRAWS, { seed, stream: "pixels", epoch: pixel });
    order.forEach((item, draw) => (data[draw * features + pixel] = item));
  }
  const items = Array.from({ length: DRAWS }, (_, item) => {
    gather(train, [item], row);
    return row.slice();
  });
  return ndArray(
    [DRAWS, features],
    data.map((item, at) => items[item]![at % features]!),
  );
}

function rows(values: Float32Array, count: number): NdArray {
  return ndArray([count, values.length / count], Float64Array.from(values));
}

type SeedValue = (one: Measured) => number;

function row(
  { seeds }: Context,
  measured: readonly Measured[],
  valueOf: SeedValue,
  rest: Pick<Row, "what" | "unit" | "convention"> & Partial<Pick<Row, "line">>,
): Row {
  const runs = measured.map((one, i) => ({ seed: seeds[i]!, value: valueOf(one), seconds: 0 }));
  return { ...rest, published: null, runs };
}

function modelRows(context: Context, measured: readonly Measured[]): Row[] {
  const rowsOfModels = MODELS.map(({ name, definition }, m) =>
    row(context, measured, ({ models }) => models[m]!.test["reconstruction"]!, {
      what: `${name}: reconstruction, -log p(x given z)`,
      unit: "nats per image",
      convention: `${dataConvention(definition.config)}; ${name === "AE" ? "the code" : "one drawn z"} per test image`,
    }),
  );
  const classifier = row(context, measured, ({ classifierError }) => 100 * classifierError, {
    what: "the classifier's test error; seconds of all of a seed",
    unit: "%",
    convention: "10,000 test images",
  });
  const runs = classifier.runs.map((one, i) => ({ ...one, seconds: measured[i]!.seconds }));
  return [...rowsOfModels, { ...classifier, runs }];
}

const CONTINUITY = [
  { name: "speed", unit: "per latent unit" },
  { name: "scaledSpeed", unit: "per standard deviation" },
  { name: "unevenness", unit: "" },
  { name: "detour", unit: "" },
] as const;

function continuityRows(context: Context, measured: readonly Measured[]): Row[] {
  return CONTINUITY.flatMap(({ name, unit }) =>
    MODELS.map((model, m) =>
      row(context, measured, ({ continuity }) => continuity[m]![name].value, {
        what: `continuity, ${model.name}: ${name === "scaledSpeed" ? "scaled speed" : name}`,
        unit,
        convention: `mean over ${SEGMENTS} segments between codes`,
      }),
    ),
  );
}

function completenessRows(context: Context, measured: readonly Measured[]): Row[] {
  const sources = Object.keys(measured[0]!.completeness);
  const of = (source: string, valueOf: (one: LatentCompleteness) => number): SeedValue => {
    return ({ completeness }) => valueOf(completeness[source]!);
  };
  const percent = ({ share }: LatentCompleteness): number => 100 * share.value;
  const convention = `of ${DRAWS}, probability at least ${CONFIDENCE}`;
  const gained = ({ completeness }: Measured): number =>
    percent(completeness["VAE, N(0, I)"]!) - percent(completeness["AE, N(0, I)"]!);
  return [
    ...sources.map((source) =>
      row(context, measured, of(source, percent), {
        ...{ what: `completeness, ${source}: recognised`, unit: "%", convention },
      }),
    ),
    row(context, measured, gained, {
      ...{ what: "completeness: VAE less AE, both at N(0, I)", unit: "points", convention, line: { least: 0 } },
    }),
    ...sources.map((source) =>
      row(
        context,
        measured,
        of(source, ({ effectiveClasses }) => effectiveClasses),
        {
          what: `completeness, ${source}: effective classes`,
          unit: "",
          convention: "of those recognised; 10 if all digits come equally often",
        },
      ),
    ),
    ...sources.map((source) =>
      row(
        context,
        measured,
        of(source, ({ distance }) => distance!.value),
        {
          what: `completeness, ${source}: distance to data`,
          unit: "",
          convention: `Euclidean, to the nearest of ${DATA} training images`,
        },
      ),
    ),
  ];
}

function detailsOf({ models, continuity, completeness, classifierError }: Measured) {
  return {
    test: models.map(({ test }, m) => ({ model: MODELS[m]!.name, ...test })),
    continuity: continuity.map(({ perSegment: _, ...one }, m) => ({
      model: MODELS[m]!.name,
      scale: one.scale,
      ...Object.fromEntries(CONTINUITY.map(({ name }) => [name, { ...one[name] }])),
    })),
    completeness: Object.entries(completeness).map(([source, one]) => ({
      source,
      share: { ...one.share },
      classShares: [...one.classShares],
      effectiveClasses: one.effectiveClasses,
      meanConfidence: one.meanConfidence,
      distance: { ...one.distance! },
    })),
    classifierError,
  };
}

/** As `completeness` has them, short enough to stand below a bar. */
const BARS = ["test", "pixels", "AE", "AE, fitted", "VAE", "VAE, fitted", "KL only"];

function chart(measured: readonly Measured[], seeds: readonly number[]): string {
  const first = measured[0]!;
  const groups = (name: "unevenness" | "detour") =>
    MODELS.map((model, m) => ({ name: model.name, values: first.continuity[m]!.perSegment[name] }));
  const bars = (valueOf: (one: LatentCompleteness) => number) =>
    measured.map(({ completeness }, i) => ({
      name: `seed ${seeds[i]!}`,
      values: Object.values(completeness).map(valueOf),
    }));
  const shown = {
    x: { name: "what is shown to the classifier; fitted: draws of a Gaussian of the codes" },
    categories: BARS,
    subtitle: "draws of N(0, I) where not said otherwise",
  };
  return figure({
    title: "How regular is the latent space?",
    columns: 2,
    panels: [
      histogram({
        ...{ title: "Unevenness of the way between codes", subtitle: `1 is an even pace; seed ${seeds[0]!}` },
        ...{ x: { name: "longest step / mean step" }, series: groups("unevenness") },
      }),
      histogram({
        ...{ title: "Detour of the way between codes", subtitle: `1 is a straight way; seed ${seeds[0]!}` },
        ...{ x: { name: "length of the way / distance of its ends" }, series: groups("detour") },
      }),
      barChart({
        ...{ ...shown, title: "Recognised with confidence" },
        y: { name: "share, %", min: 0, max: 100 },
        series: bars(({ share }) => 100 * share.value),
      }),
      barChart({
        ...{ ...shown, title: "Distance to the nearest training image" },
        y: { name: "Euclidean distance", min: 0 },
        series: bars(({ distance }) => distance!.value),
      }),
    ],
  });
}

/** For each model the way between two test images' codes, and what its prior draws come to. */
async function digits(context: Context, test: Dataset, { models, completeness }: Measured): Promise<Uint8Array> {
  const parts: Float32Array[] = [];
  const rowLabels: string[] = [];
  for (const [m, model] of models.entries()) {
    const ends = await drawnCodes(context, model, take(test, 0, 2), context.seeds[0]!);
    const walk = await withDecoder(context, model, (decode) => Promise.resolve(decode(segment(ends))));
    parts.push(Float32Array.from(walk.data));
    rowLabels.push(`${MODELS[m]!.name}, segment`);
  }
  for (const [source, { decoded }] of Object.entries(completeness)) {
    parts.push(Float32Array.from(decoded.data.subarray(0, SHOWN * itemSize(test))));
    rowLabels.push(source);
  }
  return pngGrid({ shape: test.shape, values: joined(...parts) }, { columns: SHOWN, rowLabels });
}

/** `SHOWN` points from the first row of `ends` to the second. */
function segment({ data }: NdArray): NdArray {
  const points = Float64Array.from({ length: SHOWN * LATENT }, (_, at) => {
    const [point, d] = [Math.floor(at / LATENT), at % LATENT];
    const t = point / (SHOWN - 1);
    return (1 - t) * data[d]! + t * data[LATENT + d]!;
  });
  return ndArray([SHOWN, LATENT], points);
}

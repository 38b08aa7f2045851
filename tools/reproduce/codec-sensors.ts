import type { Dataset } from "@isthmus/data";
import { lineChart } from "@isthmus/plot";
import { fitPca } from "../demo/pca.ts";
import { codedItems, type TrainedCodec, trainedCodec } from "./codec-runs.ts";
import type { Context, Made, Reproduction, Row } from "./harness/reproduction.ts";
import { cosineBasis, deltaPoint, linearPoint, point, type SensorPoint } from "./sensor-coders.ts";
import { seattleTemperature, type SensorSeries, vibration } from "./sensor-series.ts";

/** At which the coders are compared, per cent. */
const PRD = [2, 5, 10] as const;
/** The learned coder is to need no more bits than each of the others there. */
const LINE_PRD = 5;
/** Of measured over estimated bits, each way. */
const MOST_DEVIATION = 0.01;
/** So that all of `PRD` lie between two of each series. */
const LAMBDAS: Readonly<Record<string, readonly number[]>> = {
  Seattle: [0.05, 0.3, 1, 3, 10],
  vibration: [0.3, 1, 3, 10, 40, 160],
};
/** Of the network's numbers in a standard deviation: codes begin some bins wide. */
const UNIT = 8;
const STEPS = Array.from({ length: 22 }, (_, i) => 0.004 * 1.4 ** i);

interface Setting {
  readonly hidden: readonly number[];
  readonly rate: number;
}

/** What is chosen from, by the objective on the validation windows. */
const SETTINGS: readonly Setting[] = [[64], [128], [256], [128, 128]].flatMap((hidden) => {
  return [3e-3, 1e-3].map((rate) => ({ hidden, rate }));
});
const CHOICE_LAMBDA = 3;
const CHOICE_SEED = 1;
const EPOCHS = 200;

export const codecSensors: Reproduction = {
  name: "codec-sensors",
  what: "Sensor windows: a learned codec against linear transforms with its coder, and deltas with classical ones",
  minutes: 15,
  run,
};

/** Of the coders that nothing is drawn for, one curve each; of the learned one, one for each seed. */
interface Measured {
  readonly chosen: Setting;
  /** Of each setting, on the validation windows. */
  readonly objectives: readonly number[];
  readonly learned: readonly (readonly LearnedPoint[])[];
  readonly peers: Readonly<Record<string, readonly SensorPoint[]>>;
}

interface LearnedPoint extends SensorPoint {
  readonly lambda: number;
  /** Measured over estimated bits of all overlapping windows, less 1. */
  readonly deviation: number;
  readonly seconds: number;
}

async function run(context: Context): Promise<Made> {
  const all = [seattleTemperature(), vibration(65_536)];
  const found = new Map<SensorSeries, Measured>();
  for (const series of all) found.set(series, await measuredOf(context, series));
  const measured = [...found];
  return {
    rows: measured.flatMap(([series, one]) => rowsOf(context, series, one)),
    protocol: {
      Seattle: "8,759 hourly temperature normals of NOAA (vega-datasets), windows of 24, blocks of a week",
      vibration: "65,536 samples of 12 bits, made here; windows of 64, blocks of 4,096",
      parts:
        "of each four blocks of time two are known, the third chooses settings, the fourth is for the test; networks, tables and components that are measured learn from the first three",
      learned: `learned-codec, dense, as many latents as a window has samples, of series in eighths of a standard deviation; ${context.epochs(EPOCHS)} epochs of Adam, batch 64, rate to 0 by a cosine; ${measured
        .map(([{ name }, { chosen }]) => `${name}: lambda ${LAMBDAS[name]!.join(", ")}, ${settingText(chosen)}`)
        .join("; ")}`,
      settings: `of ${SETTINGS.map(settingText).join("; ")}: the one of the least bits + lambda times squared error on the validation windows, at lambda ${CHOICE_LAMBDA} and seed ${CHOICE_SEED}, learned from the known part`,
      linear:
        "principal components of the training windows, or the cosine transform; one step for all coefficients; tables of frequencies seen in training, the same coder",
      classical:
        "samples rounded to steps, differences to the sample before; packed in blocks of 8, or zlib 9, or brotli 11",
      rate: "bits per sample from file lengths, headers included, of all test windows in one stream",
      PRD: "100 sqrt(sum of squared errors over sum of squares about the mean), test windows; rates are read off between two measured points, linearly in log PRD; a coder whose settings do not reach a PRD has no row there",
    },
    details: JSON.parse(
      JSON.stringify(Object.fromEntries(measured.map(([{ name }, one]) => [name, { ...one, settings: SETTINGS }]))),
    ),
    pictures: Object.fromEntries(measured.map(([{ name }, one]) => [name.toLowerCase(), chart(name, one)])),
  };
}

function settingText({ hidden, rate }: Setting): string {
  return `${hidden.join("-")} hidden at ${rate}`;
}

async function measuredOf(context: Context, series: SensorSeries): Promise<Measured> {
  const { train, test, window, name } = series;
  const objectives: number[] = [];
  for (const setting of SETTINGS) objectives.push(await objectiveOf(context, series, setting));
  const chosen = SETTINGS[objectives.indexOf(Math.min(...objectives))]!;
  context.tell(`${name}: chosen ${settingText(chosen)} of ${objectives.map((one) => one.toFixed(2)).join(", ")}`);
  const learned: LearnedPoint[][] = [];
  for (const seed of context.seeds) {
    const points: LearnedPoint[] = [];
    for (const lambda of LAMBDAS[name]!) points.push(await learnedPoint(context, series, { ...chosen, lambda, seed }));
    learned.push(points);
  }
  const bases = { "principal components": fitPca(train, window), "cosine transform": cosineBasis(window) };
  const linear = Object.entries(bases).map(([what, basis]) => {
    return [what, STEPS.map((step) => linearPoint(basis, train, test, step))] as const;
  });
  const coders = (["bit-packing", "zlib", "brotli"] as const).map((coder) => {
    return [`delta, ${coder}`, STEPS.map((step) => deltaPoint(test, step, coder))] as const;
  });
  return { chosen, objectives, learned, peers: Object.fromEntries([...linear, ...coders]) };
}

interface Training extends Setting {
  readonly lambda: number;
  readonly seed: number;
}

function codecOf(
  context: Context,
  { name, window }: SensorSeries,
  data: { readonly train: Dataset; readonly test: Dataset },
  { hidden, rate, lambda, seed }: Training,
): Promise<TrainedCodec> {
  return trainedCodec(context, {
    title: `${name}, ${settingText({ hidden, rate })}, lambda ${lambda}`,
    config: { trunk: { kind: "dense", hidden: [...hidden] }, latent: window, lambda },
    data: { train: inUnits(data.train), test: inUnits(data.test) },
    ...{ seed, rate, epochs: EPOCHS, batchSize: 64 },
  });
}

async function objectiveOf(context: Context, series: SensorSeries, setting: Setting): Promise<number> {
  const { known, validation } = series;
  const training = { ...setting, lambda: CHOICE_LAMBDA, seed: CHOICE_SEED };
  return (await codecOf(context, series, { train: known, test: validation }, training)).test["objective"]!;
}

async function learnedPoint(context: Context, series: SensorSeries, training: Training): Promise<LearnedPoint> {
  const { train, test, overlapping, name } = series;
  const codec = await codecOf(context, series, { train, test }, training);
  const [coded] = await codedItems(context, codec, inUnits(test));
  const [many] = await codedItems(context, codec, inUnits(overlapping));
  const deviation = (8 * many!.stream.length) / overlapping.items / many!.estimate - 1;
  const measured = point(inUnits(test), coded!.decoded, coded!.stream.length);
  context.tell(
    `${name}, lambda ${training.lambda}, seed ${training.seed}: ${measured.bitsPerSample.toFixed(3)} bits per sample, PRD ${measured.prd.toFixed(2)} %, ${(100 * deviation).toFixed(2)} % from the estimate`,
  );
  return { ...measured, lambda: training.lambda, deviation, seconds: codec.seconds };
}

function inUnits(dataset: Dataset): Dataset {
  return { ...dataset, values: Float32Array.from(dataset.values as Float32Array, (value) => value * UNIT) };
}

/** Bits per sample at a PRD: between the two points around it of those that no other beats, linearly in log PRD. */
function bitsAt(points: readonly SensorPoint[], prd: number): number {
  const best = points.filter(
    (one) => !points.some((other) => other.prd < one.prd && other.bitsPerSample < one.bitsPerSample),
  );
  const sorted = best.toSorted((a, b) => a.prd - b.prd);
  const above = sorted.findIndex((one) => one.prd >= prd);
  if (above < 1) return Number.NaN;
  const [a, b] = [sorted[above - 1]!, sorted[above]!];
  const share = Math.log(prd / a.prd) / Math.log(b.prd / a.prd);
  return a.bitsPerSample + share * (b.bitsPerSample - a.bitsPerSample);
}

function rowsOf({ seeds }: Context, series: SensorSeries, { learned, peers }: Measured): Row[] {
  const { name, overlapping } = series;
  const convention = "file lengths, headers included; test windows";
  const row = (what: string, unit: string, value: (points: readonly LearnedPoint[]) => number): Row => ({
    ...{ what: `${name}, ${what}`, unit, convention, published: null },
    runs: learned.map((points, i) => ({ seed: seeds[i]!, value: value(points), seconds: 0 })),
  });
  const compared = PRD.flatMap((prd) => [
    row(`PRD ${prd} %, learned`, "bits per sample", (points) => bitsAt(points, prd)),
    ...Object.entries(peers).flatMap(([peer, theirs]) => {
      const bits = bitsAt(theirs, prd);
      const ratio = row(`PRD ${prd} %, learned over ${peer}`, "", (points) => bitsAt(points, prd) / bits);
      return [
        row(`PRD ${prd} %, ${peer}`, "bits per sample", () => bits),
        prd === LINE_PRD ? { ...ratio, line: { most: 1 } } : ratio,
      ];
    }),
  ]);
  const deviation = row("measured bits against the prior's estimate: largest deviation", "", (points) => {
    return Math.max(...points.map((one) => Math.abs(one.deviation)));
  });
  return [
    {
      ...deviation,
      convention: `file length, header included, of the ${overlapping.items.toLocaleString("en")} overlapping windows of the test's part in one stream; a share, the largest of ${learned[0]!.length} rates`,
      runs: deviation.runs.map((one, i) => ({ ...one, seconds: learned[i]!.reduce((sum, p) => sum + p.seconds, 0) })),
      line: { most: MOST_DEVIATION },
    },
    ...compared.filter(({ runs }) => runs.every(({ value }) => Number.isFinite(value))),
  ];
}

function chart(name: string, { learned, peers }: Measured): string {
  return lineChart({
    title: `${name}: bits per sample and what is lost`,
    x: { name: "PRD, per cent", scale: "log" },
    y: { name: "bits per sample" },
    series: Object.entries({ learned: learned[0]!, ...peers }).map(([label, points]) => ({
      name: label,
      points: points
        .filter(({ prd }) => prd >= 0.5 && prd <= 30)
        .map(({ prd, bitsPerSample }) => [prd, bitsPerSample] as const),
    })),
  });
}

import { decodeItems, inferLatents } from "@isthmus/compress";
import { uniformQuantiser } from "@isthmus/codec";
import { batches, type Dataset } from "@isthmus/data";
import { learnedCodec } from "@isthmus/models";
import { lineChart } from "@isthmus/plot";
import { fitPca } from "../demo/pca.ts";
import type { Context, Made, Reproduction, Row } from "./harness/reproduction.ts";
import { trained } from "./harness/training.ts";
import { cosineBasis, deltaPoint, linearPoint, point, type SensorPoint, throughStream } from "./sensor-coders.ts";
import { seattleTemperature, type SensorSeries, vibration } from "./sensor-series.ts";

/** At which the coders are compared, per cent. */
const PRD = [2, 5, 10] as const;
/** The learned coder is to need no more bits than each of the others there. */
const LINE_PRD = 5;
const LAMBDAS = [0.3, 1, 3, 10, 40] as const;
/** Of the network's numbers in a standard deviation: codes begin some bins wide. */
const UNIT = 8;
const STEPS = Array.from({ length: 22 }, (_, i) => 0.004 * 1.4 ** i);
const HIDDEN = [128] as const;
const EPOCHS = 200;

export const codecSensors: Reproduction = {
  name: "codec-sensors",
  what: "Sensor windows: a learned codec against linear transforms with its coder, and deltas with classical ones",
  minutes: 3,
  seeds: [1],
  run,
};

type Curves = Readonly<Record<string, readonly SensorPoint[]>>;

async function run(context: Context): Promise<Made> {
  const all = [seattleTemperature(), vibration(65_536)];
  const curves: Record<string, Curves> = {};
  for (const series of all) curves[series.name] = await curvesOf(context, series);
  return {
    rows: all.flatMap((series) => rowsOf(context, series, curves[series.name]!)),
    protocol: {
      Seattle:
        "8,759 hourly temperature normals of NOAA (vega-datasets), windows of 24; of each four weeks the last is for the test",
      vibration:
        "65,536 samples of 12 bits, made here; windows of 64; of each four blocks of 4,096 the last is for the test",
      learned: `learned-codec, dense, ${HIDDEN.join("-")} hidden units, as many latents as a window has samples, lambda ${LAMBDAS.join(", ")} of series in eighths of a standard deviation; ${context.epochs(EPOCHS)} epochs of Adam`,
      linear:
        "principal components of the training windows, or the cosine transform; one step for all coefficients; the same tables and coder",
      classical:
        "samples rounded to steps, differences to the sample before; packed in blocks of 8, or zlib 9, or brotli 11",
      rate: "bits per sample from file lengths, headers included, of all test windows in one stream",
      PRD: "100 sqrt(sum of squared errors over sum of squares about the mean), test windows; rates are read off between two measured points, linearly in log PRD",
    },
    details: { curves: JSON.parse(JSON.stringify(curves)) },
    pictures: Object.fromEntries(all.map(({ name }) => [name.toLowerCase(), chart(name, curves[name]!)])),
  };
}

async function curvesOf(context: Context, series: SensorSeries): Promise<Curves> {
  const { train, test, window, name } = series;
  const learned: SensorPoint[] = [];
  for (const lambda of LAMBDAS) {
    learned.push(await learnedPoint(context, series, lambda));
    const { bitsPerSample, prd } = learned.at(-1)!;
    context.tell(`${name}, lambda ${lambda}: ${bitsPerSample.toFixed(3)} bits per sample, PRD ${prd.toFixed(2)} %`);
  }
  const bases = { "principal components": fitPca(train, window), "cosine transform": cosineBasis(window) };
  const linear = Object.entries(bases).map(([what, basis]) => {
    return [what, STEPS.map((step) => linearPoint(basis, train, test, step))] as const;
  });
  const coders = (["bit-packing", "zlib", "brotli"] as const).map((coder) => {
    return [`delta, ${coder}`, STEPS.map((step) => deltaPoint(test, step, coder))] as const;
  });
  return Object.fromEntries([["learned", learned] as const, ...linear, ...coders]);
}

async function learnedPoint(context: Context, series: SensorSeries, lambda: number): Promise<SensorPoint> {
  const { engine } = context;
  const { window, name } = series;
  const [train, test] = [inUnits(series.train), inUnits(series.test)];
  const definition = learnedCodec({
    inputShape: [window],
    trunk: { kind: "dense", hidden: [...HIDDEN] },
    latent: window,
    lambda,
  });
  const epochs = context.epochs(EPOCHS);
  const options = { title: `${name}, lambda ${lambda}`, seed: context.seeds[0]!, epochs, batchSize: 64 };
  const learningRate = { kind: "cosine", rate: 3e-3, epochs } as const;
  const { parameters } = await trained(context, definition, { train, test }, { ...options, learningRate });
  const { encoder, decoder, kind } = definition;
  const known = await inferLatents(engine, { encoder, parameters }, batches(train, { batchSize: 256 }));
  const codes = await inferLatents(engine, { encoder, parameters }, batches(test, { batchSize: 256 }));
  const quantiser = uniformQuantiser(new Float32Array(known.dims).fill(1));
  const { bytes, decoded } = throughStream(known, codes.values, quantiser);
  const model = { kind, config: {}, encoder, decoder, parameters, provenance: {}, metrics: {} };
  return point(test, await decodeItems(engine, model, { ...codes, values: decoded }), bytes);
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

function rowsOf({ seeds }: Context, { name }: SensorSeries, curves: Curves): Row[] {
  const { learned, ...peers } = curves;
  const row = (what: string, unit: string, value: number): Row => ({
    ...{ what: `${name}, ${what}`, unit, convention: "file lengths, headers included; test windows", published: null },
    runs: [{ seed: seeds[0]!, value, seconds: 0 }],
  });
  return PRD.flatMap((prd) => {
    const ours = bitsAt(learned!, prd);
    return [
      row(`PRD ${prd} %, learned`, "bits per sample", ours),
      ...Object.entries(peers).flatMap(([peer, points]) => {
        const theirs = bitsAt(points, prd);
        const ratio = row(`PRD ${prd} %, learned over ${peer}`, "", ours / theirs);
        return [
          row(`PRD ${prd} %, ${peer}`, "bits per sample", theirs),
          prd === LINE_PRD ? { ...ratio, line: { most: 1 } } : ratio,
        ];
      }),
    ];
  });
}

function chart(name: string, curves: Curves): string {
  return lineChart({
    title: `${name}: bits per sample and what is lost`,
    x: { name: "PRD, per cent", scale: "log" },
    y: { name: "bits per sample" },
    series: Object.entries(curves).map(([label, points]) => ({
      name: label,
      points: points
        .filter(({ prd }) => prd >= 0.5 && prd <= 30)
        .map(({ prd, bitsPerSample }) => [prd, bitsPerSample] as const),
    })),
  });
}

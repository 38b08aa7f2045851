import { type Dataset, gather, itemSize, permutation, select } from "@isthmus/data";
import { initialise, type StoredTensor } from "@isthmus/graph";
import { autoencoder, type ModelDefinition, vae } from "@isthmus/models";
import { figure, lineChart, type LineSeries } from "@isthmus/plot";
import { dataConvention } from "@isthmus/train";
import { Classifier, encoderOf, labelsOf } from "./harness/classifier.ts";
import { linearProbe } from "./harness/linear-probe.ts";
import type { Context, Made, Reproduction, Row, Splits } from "./harness/reproduction.ts";
import { codesDataset, codesOf, forSeeds, trained, type Trained } from "./harness/training.ts";

const HIDDEN = 200;
const EPOCHS = 3;
const FEW = [100, 1000] as const;
const MANY = 10_000;
const NETWORK = { trunk: { kind: "dense", hidden: [HIDDEN] } } as const;
/** Of training a classifier, wherever it starts. */
const STEPS = 500;
const BATCH_SIZE = 100;
const STARTS = ["from scratch", "from the AE's encoder", "from the VAE's encoder"] as const;

export const representations: Reproduction = {
  name: "representations",
  what: "What codes are worth to a classifier: linear probes, and a classifier started from an encoder's weights",
  minutes: 3,
  run,
};

/** A classifier on its way. */
interface Point {
  readonly step: number;
  /** Of the processor, in its training, without measuring. */
  readonly seconds: number;
  /** Test error, %. */
  readonly error: number;
}

/** A model with the seconds of the processor that its training took, with one evaluation on the test images at its end. */
interface Timed extends Trained {
  readonly processorSeconds: number;
}

/** Everything measured with one seed. */
interface Measured {
  readonly ae: Timed;
  readonly vae: Timed;
  /** Test error in %, by what is probed, then by labels. */
  readonly probes: Readonly<Record<string, Readonly<Record<number, number>>>>;
  /** By labels, in the order of `STARTS`; the first goes on for the seconds of pre-training and training of the last. */
  readonly curves: Readonly<Record<number, readonly (readonly Point[])[]>>;
}

async function run(context: Context): Promise<Made> {
  const data = await context.mnist();
  const measured = await forSeeds(context, (seed) => measure(context, data, seed));
  const epochs = context.epochs(EPOCHS);
  return {
    rows: [
      ...pretrainingRows(context, measured),
      ...probeRows(context, measured),
      ...FEW.flatMap((labels) => classifierRows(context, measured, labels)),
    ],
    protocol: {
      network: `784-${HIDDEN}-20, ReLU; kinds ae and vae; the classifier is the encoder up to its code (of the VAE, mu) and a linear layer, all trained`,
      "pre-training": `60,000 images without labels, Adam 0.001, batch 128, ${epochs} epochs`,
      "training of classifiers": `Adam 0.001, batch ${BATCH_SIZE}, ${STEPS} steps; labels drawn anew for each seed, as many of each digit`,
      "equal seconds":
        "the classifier from scratch goes on for as many seconds as the VAE's pre-training and the training that followed took together; so how many steps it makes depends on the machine. At equal steps the labelled training takes equally long: the network is the same",
      seconds: "of the processor, not of the clock, so that what else the machine does moves none of them",
      "linear probe":
        "softmax regression on standardised features, Adam, cosine from 0.002 to 0, batch 128; 15 epochs, or more until there are 500 steps",
    },
    details: Object.fromEntries(
      measured.map(({ probes, curves, ...models }, i) => [
        `seed ${context.seeds[i]!}`,
        {
          preTraining: { ae: { ...models.ae.test }, vae: { ...models.vae.test } },
          probes: { ...probes },
          curves: Object.entries(curves).map(([labels, of]) => ({
            labels: Number(labels),
            ...Object.fromEntries(STARTS.map((start, s) => [start, of[s]!.map((point) => ({ ...point }))])),
          })),
        },
      ]),
    ),
    pictures: { "": chart(measured) },
  };
}

async function measure(context: Context, data: Splits, seed: number): Promise<Measured> {
  const epochs = context.epochs(EPOCHS);
  const timed = async (title: string, definition: ModelDefinition): Promise<Timed> => {
    const secondsSince = processorClock();
    const model = await trained(context, definition, data, { title, seed, epochs });
    return { ...model, processorSeconds: secondsSince() };
  };
  const ae = await timed("AE", autoencoder(NETWORK));
  const variational = await timed("VAE", vae(NETWORK));
  const probes = await probesOf(context, { ae, vae: variational }, data, seed);
  const curves: Record<number, Point[][]> = {};
  for (const labels of FEW) {
    context.tell(`classifiers of ${labels} labels, seed ${seed}`);
    curves[labels] = await curvesOf(
      context,
      { ae, vae: variational },
      { ...data, train: labelled(data.train, labels, seed) },
      seed,
    );
  }
  return { ae, vae: variational, probes, curves };
}

/** Seconds that this process has had of the processor since; what others run beside it, and pauses, do not count. */
function processorClock(): () => number {
  const began = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(began);
    return (user + system) / 1e6;
  };
}

type Pretrained = Pick<Measured, "ae" | "vae">;

/** `count` items, as many of each class. */
function labelled(train: Dataset, count: number, seed: number): Dataset {
  const each = count / train.classes!;
  const found = new Float64Array(train.classes!);
  const order = permutation(train.items, { seed, stream: "labels" });
  return select(
    train,
    order.filter((item) => found[train.labels![item]!]!++ < each),
  );
}

async function probesOf(context: Context, { ae, vae: variational }: Pretrained, data: Splits, seed: number) {
  const untrained = {
    definition: variational.definition,
    parameters: untrainedParameters(variational.definition, seed),
  };
  const sources: Readonly<Record<string, (part: Dataset) => Promise<Dataset>>> = {
    "the pixels": (part) => Promise.resolve(part),
    "codes of an untrained encoder": async (part) => codesDataset(await codesOf(context, untrained, part), part),
    "codes of the AE": async (part) => codesDataset(await codesOf(context, ae, part), part),
    "codes of the VAE, mu": async (part) => codesDataset(await codesOf(context, variational, part), part),
  };
  const probes: Record<string, Record<number, number>> = {};
  for (const [name, features] of Object.entries(sources)) {
    context.tell(`linear probes of ${name}, seed ${seed}`);
    const test = await features(data.test);
    const errors: Record<number, number> = {};
    for (const labels of [...FEW, MANY]) {
      const train = await features(labelled(data.train, labels, seed));
      const accuracy = await linearProbe(context.engine, { train, test }, seed, probeEpochs(labels));
      errors[labels] = 100 - 100 * accuracy;
    }
    probes[name] = errors;
  }
  return probes;
}

function probeEpochs(labels: number): number {
  return Math.max(15, Math.ceil(500 / Math.ceil(labels / 128)));
}

function untrainedParameters({ parameters }: ModelDefinition, seed: number): Record<string, StoredTensor> {
  const drawn = Object.entries(initialise(parameters, seed));
  return Object.fromEntries(drawn.map(([name, data]) => [name, { shape: parameters[name]!.shape, data }]));
}

/** One classifier for each start; the first is given the time that the last took with its pre-training. */
async function curvesOf(context: Context, models: Pretrained, data: Splits, seed: number): Promise<Point[][]> {
  const fromAe = await curve(context, models.ae, data, { seed, start: models.ae.parameters });
  const fromVae = await curve(context, models.vae, data, { seed, start: models.vae.parameters });
  const seconds = models.vae.processorSeconds + fromVae.at(-1)!.seconds;
  return [await curve(context, models.vae, data, { seed, seconds }), fromAe, fromVae];
}

interface CurveOptions {
  readonly seed: number;
  readonly start?: Readonly<Record<string, StoredTensor>>;
  /** To go on for, beyond `STEPS` where they last that long. */
  readonly seconds?: number;
}

/** Test errors after 1, 2, 5, 10, ... steps and at the end. */
async function curve(
  { engine }: Context,
  { definition }: Trained,
  { train, test }: Splits,
  { seed, start = {}, seconds: least = 0 }: CurveOptions,
): Promise<Point[]> {
  const trunk = encoderOf(definition.encoder);
  const classifier = await Classifier.create(engine, { trunk, classes: train.classes!, seed, start });
  const points: Point[] = [];
  const next = endless(train, seed);
  let seconds = 0;
  try {
    for (let step = 1, over = false; !over; step++) {
      const secondsSince = processorClock();
      const { x, label } = next();
      await classifier.step(x, label);
      seconds += secondsSince();
      over = step >= STEPS && seconds >= least;
      if (over || isMark(step)) points.push({ step, seconds, error: 100 * (await classifier.error(test)) });
    }
    return points;
  } finally {
    classifier.dispose();
  }
}

/** 1, 2, 5, 10, 20, 50, ... */
function isMark(step: number): boolean {
  return [1, 2, 5].includes(step / 10 ** Math.floor(Math.log10(step) + 1e-9));
}

/** Batch after batch, each epoch in a new order. */
function endless(train: Dataset, seed: number): () => { readonly x: Float32Array; readonly label: Int32Array } {
  const x = new Float32Array(BATCH_SIZE * itemSize(train));
  let [epoch, at] = [0, 0];
  let order = permutation(train.items, { seed, epoch });
  return () => {
    if (at >= train.items) {
      order = permutation(train.items, { seed, epoch: ++epoch });
      at = 0;
    }
    const indices = order.subarray(at, (at += BATCH_SIZE));
    gather(train, indices, x);
    return { x, label: labelsOf(train, indices) };
  };
}

interface Value {
  readonly value: number;
  readonly seconds?: number;
}

function row(
  { seeds }: Context,
  measured: readonly Measured[],
  valueOf: (one: Measured) => Value,
  rest: Pick<Row, "what" | "unit" | "convention"> & Partial<Pick<Row, "line">>,
): Row {
  const runs = measured.map((one, i) => ({ seed: seeds[i]!, seconds: 0, ...valueOf(one) }));
  return { ...rest, published: null, runs };
}

function pretrainingRows(context: Context, measured: readonly Measured[]): Row[] {
  return (["ae", "vae"] as const).map((kind) =>
    row(
      context,
      measured,
      (one) => ({ value: one[kind].test["reconstruction"]!, seconds: one[kind].processorSeconds }),
      {
        what: `pre-training of the ${kind.toUpperCase()}: reconstruction, -log p(x given z)`,
        unit: "nats per image",
        convention: `${dataConvention(measured[0]![kind].definition.config)}; ${kind === "ae" ? "the code" : "one drawn z"} per test image`,
      },
    ),
  );
}

function probeRows(context: Context, measured: readonly Measured[]): Row[] {
  return [...FEW, MANY].flatMap((labels) =>
    Object.keys(measured[0]!.probes).map((name) =>
      row(context, measured, ({ probes }) => ({ value: probes[name]![labels]! }), {
        what: `linear probe of ${name}, ${labels} labels, test error`,
        unit: "%",
        convention: "10,000 test images",
      }),
    ),
  );
}

function classifierRows(context: Context, measured: readonly Measured[], labels: number): Row[] {
  const curveOf = (one: Measured, start: number): readonly Point[] => one.curves[labels]![start]!;
  const atSteps = (one: Measured, start: number): Point => curveOf(one, start).find(({ step }) => step === STEPS)!;
  const atEnd = (one: Measured, start: number): Point => curveOf(one, start).at(-1)!;
  const measuredAt = `${labels} labels`;
  const gain = (of: (one: Measured) => number, what: string, convention: string): Row =>
    row(context, measured, (one) => ({ value: of(one) }), {
      ...{ what: `classifier, ${measuredAt}: ${what}`, unit: "points of test error", convention, line: { least: 0 } },
    });
  return [
    ...STARTS.map((name, start) =>
      row(context, measured, (one) => ({ value: atSteps(one, start).error, seconds: atSteps(one, start).seconds }), {
        what: `classifier, ${measuredAt}: ${name}, test error`,
        unit: "%",
        convention: `${STEPS} steps; seconds are those of the steps`,
      }),
    ),
    ...[1, 2].map((start) =>
      gain(
        (one) => atSteps(one, 0).error - atSteps(one, start).error,
        `gained ${STARTS[start]!}`,
        `both after ${STEPS} steps`,
      ),
    ),
    row(context, measured, (one) => ({ value: atEnd(one, 0).error, seconds: atEnd(one, 0).seconds }), {
      what: `classifier, ${measuredAt}: ${STARTS[0]}, test error at equal seconds`,
      unit: "%",
      convention: `${measured.map((one) => atEnd(one, 0).step).join(", ")} steps: the seconds of pre-training and training`,
    }),
    gain(
      (one) => atEnd(one, 0).error - atEnd(one, 2).error,
      `gained ${STARTS[2]} at equal seconds`,
      "pre-training counted",
    ),
  ];
}

/** By steps of the labelled training, and by all seconds. One line for each seed. */
function chart(measured: readonly Measured[]): string {
  const series = (labels: number, xOf: (point: Point, ahead: number) => number): LineSeries[] =>
    measured.flatMap(({ ae, vae: variational, curves }) =>
      STARTS.map((name, start) => {
        const ahead = [0, ae.processorSeconds, variational.processorSeconds][start]!;
        const points = curves[labels]![start]!.map((point) => [xOf(point, ahead), point.error] as const);
        return { name, points, colour: start };
      }),
    );
  const y = { name: "test error, %", min: 0 };
  return figure({
    title: "Test error of classifiers while they are trained, one line for each seed",
    columns: FEW.length,
    panels: [
      ...FEW.map((labels) =>
        lineChart({
          ...{ title: `${labels} labels, equal steps`, subtitle: "pre-training not counted", y },
          x: { name: "steps of labelled training", scale: "log" },
          series: series(labels, ({ step }) => step),
        }),
      ),
      ...FEW.map((labels) =>
        lineChart({
          ...{ title: `${labels} labels, equal seconds`, subtitle: "pre-training counted, of the processor", y },
          x: { name: "seconds of all training", scale: "log" },
          series: series(labels, ({ seconds }, ahead) => ahead + seconds),
        }),
      ),
    ],
  });
}

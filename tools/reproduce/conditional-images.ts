import { openNetwork } from "@isthmus/compress";
import type { Dataset } from "@isthmus/data";
import { elementCount } from "@isthmus/graph";
import { splitSeed } from "@isthmus/math";
import { conditionalVae, type ConditionalVaeConfig } from "@isthmus/models";
import { pngGrid } from "@isthmus/plot";
import { bicubicTwice, continuedRight } from "./bicubic.ts";
import { type Halves, halvesOf, meanHalf, nearestHalf, regressedHalf } from "./half-baselines.ts";
import type { Context, Made, PassLine, Reproduction, Row, Splits } from "./harness/reproduction.ts";
import { firstItems, joined, type Trained } from "./harness/training.ts";
import { metricRow, ranOnce, TEN_EPOCHS_TEXT, termsOf, trainedForSeeds } from "./variational-runs.ts";

const SIDE = 28;
/** Of each image; their mean stands for the mean of p(image | condition). */
const DRAWS = 50;
const CHUNK = 500;
/** In the pictures: the first test images, and draws of each. */
const EXAMPLES = 8;
const SHOWN_DRAWS = 5;

export const conditionalImages: Reproduction = {
  name: "conditional-images",
  what: "Conditional VAEs that are told a half of a digit, or the digit at half its size, beside interpolation and regression",
  minutes: 14,
  run,
};

async function run(context: Context): Promise<Made> {
  const data = await context.mnist();
  const inPainted = await inPainting(context, data);
  const enlarged = await superResolution(context, data);
  return {
    rows: [...inPainted.rows, ...enlarged.rows],
    protocol: {
      network:
        "784-400-20 to the posterior, 392-400-20 or 196-400-20 to the learned prior, 20+392-400-392 or 20+196-400-784, ReLU",
      optimiser: TEN_EPOCHS_TEXT,
      "in-painting":
        "the left half is known; the mean half is the training images', the nearest half that of the training image with the nearest left half, " +
        "regression is linear and has the least squared error of all linear guesses; the continued edge is what bicubic interpolation makes of pixels beyond an edge, by sharp",
      "super-resolution":
        "known are means of 2x2 pixels, rounded to 8 bits for both; sharp interpolates from 8 bits to 8 bits, as its resize places the pixels " +
        "(half a pixel too far right and down, as libvips does) and centred, by its affine",
      figures: `squared error per image, over the hidden half or the whole, pixels in [0, 1], and its PSNR for peak 1; ours is that of the mean of ${DRAWS} draws from the prior, decoded`,
      pictures: `the first ${EXAMPLES} test images, a row each; seed ${context.seeds[0]}`,
    },
    details: { "in-painting": inPainted.details, "super-resolution": enlarged.details },
    pictures: { "in-painting": inPainted.picture, "super-resolution": enlarged.picture },
  };
}

interface Part {
  readonly rows: readonly Row[];
  readonly details: Record<string, Record<string, number>[]>;
  readonly picture: Uint8Array;
}

type Condition = ConditionalVaeConfig["condition"];

function train(context: Context, data: Splits, condition: Condition, prior: ConditionalVaeConfig["prior"] = "learned") {
  return trainedForSeeds(context, conditionalVae({ condition, prior }), data, `${condition}, ${prior} prior`);
}

async function inPainting(context: Context, data: Splits): Promise<Part> {
  const made = await train(context, data, "left");
  const plain = await train(context, data, "left", "standard");
  const told = made[0]!.definition.condition!;
  const [known, asked] = [halvesOf(data.train, told), halvesOf(data.test, told)];
  context.tell("baselines of the hidden half");
  const edge = await continuedRight({ width: SIDE / 2, height: SIDE, pixels: bytesOf(asked.known) }, SIDE / 2);
  const baselines = [
    { name: "the edge continued, bicubic by sharp", hidden: floatsOf(edge) },
    { name: "the mean half", hidden: meanHalf(known, asked.items) },
    { name: "the nearest half", hidden: await nearestHalf(context.engine, known, asked) },
    { name: "linear regression", hidden: regressedHalf(known, asked) },
  ];
  const errors = baselines.map(({ name, hidden }) => ({
    name,
    error: errorPerImage(hidden, asked.hidden, asked.items),
  }));
  const hiddenOf = (images: Float32Array): Float32Array =>
    images.filter((_, at) => told.toldBy[at % told.toldBy.length]! < 0);
  const drawn = await drawnForSeeds(context, made, asked.known, asked.items);
  const ours = drawn.map(({ mean, one }) => ({
    mean: errorPerImage(hiddenOf(mean), asked.hidden, asked.items),
    one: errorPerImage(hiddenOf(one), asked.hidden, asked.items),
  }));
  const elbo = (what: string, models: readonly Trained[], published: Row["published"]): Row =>
    metricRow(context, models, "negElbo", {
      what: `in-painting: ${what}, negative ELBO of the hidden half`,
      published,
    });
  return {
    rows: [
      elbo("prior learned", made, {
        figures: "51.0",
        source: "Pyro's tutorial, 500-500 units, 200 latents, stopped early",
      }),
      elbo("prior N(0, I)", plain, null),
      ...errorRows(context, "in-painting", ours, errors, asked.hidden.length / asked.items),
    ],
    details: { terms: termsOf(made), "terms, prior N(0, I)": termsOf(plain), errors: ours },
    picture: await picture(context, made[0]!, data.test, asked.known, [
      { name: "mean", images: drawn[0]!.mean },
      { name: "nearest", images: wholeOf(asked, baselines[2]!.hidden, told.toldBy) },
      { name: "linear", images: wholeOf(asked, baselines[3]!.hidden, told.toldBy) },
    ]),
  };
}

async function superResolution(context: Context, data: Splits): Promise<Part> {
  const made = await train(context, data, "downscaled");
  const { items } = data.test;
  const images = firstItems(data.test, items);
  const { program } = made[0]!.definition.condition!;
  const { condition } = await ranOnce(context, { parameters: {} }, program, { x: images }, items);
  const pixels = bytesOf(condition!);
  context.tell("bicubic interpolation");
  const bicubic = async (how: "resize" | "centred") =>
    floatsOf(await bicubicTwice({ width: SIDE / 2, height: SIDE / 2, pixels }, how));
  const baselines = [
    { name: "bicubic by sharp's resize", images: await bicubic("resize") },
    { name: "bicubic by sharp, centred", images: await bicubic("centred") },
  ];
  const errors = baselines.map(({ name, images: enlarged }) => ({
    name,
    error: errorPerImage(enlarged, images, items),
  }));
  const known = floatsOf(pixels);
  const drawn = await drawnForSeeds(context, made, known, items);
  const ours = drawn.map(({ mean, one }) => ({
    mean: errorPerImage(mean, images, items),
    one: errorPerImage(one, images, items),
  }));
  return {
    rows: [
      metricRow(context, made, "negElbo", { what: "super-resolution: prior learned, negative ELBO", published: null }),
      ...errorRows(context, "super-resolution", ours, errors, SIDE * SIDE),
    ],
    details: { terms: termsOf(made), errors: ours },
    picture: await picture(context, made[0]!, data.test, known, [
      { name: "mean", images: drawn[0]!.mean },
      { name: "sharp", images: baselines[0]!.images },
      { name: "centred", images: baselines[1]!.images },
    ]),
  };
}

interface Errors {
  /** Squared error per image of the mean of all draws, and of a single one. */
  readonly mean: number;
  readonly one: number;
}

/** Squared errors and PSNR of what was drawn, beside the baselines', below the least of which the line is. */
function errorRows(
  { seeds }: Context,
  task: string,
  ours: readonly Errors[],
  baselines: readonly { readonly name: string; readonly error: number }[],
  pixels: number,
): Row[] {
  const psnr = (error: number): number => -10 * Math.log10(error / pixels);
  const row = (what: string, unit: string, errors: readonly number[], scale: (error: number) => number): Row => ({
    what: `${task}: ${what}`,
    unit,
    convention: `10,000 test images, ${pixels} pixels of each`,
    published: {
      figures: baselines.map(({ name, error }) => `${name} ${scale(error).toFixed(2)}`).join("; "),
      source: "computed here",
    },
    runs: errors.map((error, i) => ({ seed: seeds[i]!, value: scale(error), seconds: 0 })),
  });
  const same = (error: number): number => error;
  const means = ours.map(({ mean }) => mean);
  const line: PassLine = { most: Math.min(...baselines.map(({ error }) => error)) };
  return [
    { ...row(`mean of ${DRAWS} draws, squared error`, "", means, same), line },
    row(`mean of ${DRAWS} draws, PSNR`, "dB", means, psnr),
    row(
      "a single draw, squared error",
      "",
      ours.map(({ one }) => one),
      same,
    ),
  ];
}

interface Drawn {
  /** The mean of all draws, [items, features]. */
  readonly mean: Float32Array;
  /** The first draw of each. */
  readonly one: Float32Array;
}

async function drawnForSeeds(
  context: Context,
  made: readonly Trained[],
  known: Float32Array,
  items: number,
): Promise<Drawn[]> {
  const drawn: Drawn[] = [];
  for (const [i, one] of made.entries()) {
    context.tell(`${DRAWS} draws of each test image, seed ${context.seeds[i]}`);
    drawn.push(await drawnGiven(context, one, known, { items, seed: context.seeds[i]! }));
  }
  return drawn;
}

/** Draws from the prior given each condition of `known` [items, size], decoded. */
async function drawnGiven(
  { engine }: Context,
  { definition, parameters }: Trained,
  known: Float32Array,
  { items, seed }: { readonly items: number; readonly seed: number },
): Promise<Drawn> {
  const prior = await openNetwork(engine, definition.prior!, parameters);
  const decoder = await openNetwork(engine, definition.decoder, parameters);
  const features = elementCount(definition.config.inputShape);
  const size = known.length / items;
  const [mean, one] = [new Float32Array(items * features), new Float32Array(items * features)];
  try {
    for (let from = 0; from < items; from += CHUNK) {
      const count = Math.min(CHUNK, items - from);
      const condition = known.slice(from * size, (from + count) * size);
      for (let draw = 0; draw < DRAWS; draw++) {
        // Another step for every run, so that no two share their noise.
        const noise = { seed: Int32Array.from(splitSeed(seed)), step: Int32Array.of(from + draw, 0) };
        const { z } = await prior.run({ ...noise, condition });
        const images = (await decoder.run({ z: z!, condition }))["reconstruction"]!;
        if (draw === 0) one.set(images, from * features);
        images.forEach((value, at) => (mean[from * features + at]! += value / DRAWS));
      }
    }
  } finally {
    prior.dispose();
    decoder.dispose();
  }
  return { mean, one };
}

/** A row for each of the first test images: it, what is known of it, draws, and what else is `beside` them. */
async function picture(
  context: Context,
  one: Trained,
  test: Dataset,
  known: Float32Array,
  beside: readonly { readonly name: string; readonly images: Float32Array }[],
): Promise<Uint8Array> {
  const { toldBy, shape } = one.definition.condition!;
  const [features, size] = [toldBy.length, elementCount(shape)];
  const originals = firstItems(test, EXAMPLES);
  const rows: Float32Array[] = [];
  for (let item = 0; item < EXAMPLES; item++) {
    const part = known.slice(item * size, (item + 1) * size);
    const draws = await drawsOf(context, one, part, context.seeds[0]! + item);
    const image = (images: Float32Array): Float32Array => images.slice(item * features, (item + 1) * features);
    const toldPart = Float32Array.from(toldBy, (by) => (by < 0 ? UNKNOWN : part[by]!));
    rows.push(joined(image(originals), toldPart, draws, ...beside.map(({ images }) => image(images))));
  }
  const draws = Array.from({ length: SHOWN_DRAWS }, (_, draw) => `draw ${draw + 1}`);
  const columnLabels = ["image", "known", ...draws, ...beside.map(({ name }) => name)];
  return pngGrid({ shape: test.shape, values: joined(...rows) }, { columns: columnLabels.length, columnLabels });
}

/** Grey. */
const UNKNOWN = 0.5;

async function drawsOf(context: Context, one: Trained, part: Float32Array, seed: number): Promise<Float32Array> {
  const { prior, decoder } = one.definition;
  const condition = joined(...Array.from({ length: SHOWN_DRAWS }, () => part));
  const noise = { seed: Int32Array.from(splitSeed(seed)), step: Int32Array.of(0, 0) };
  const { z } = await ranOnce(context, one, prior!, { ...noise, condition }, SHOWN_DRAWS);
  return (await ranOnce(context, one, decoder, { z: z!, condition }, SHOWN_DRAWS))["reconstruction"]!;
}

/** Whole images of their known halves and what was put in the place of the hidden ones. */
function wholeOf({ items, known }: Halves, hidden: Float32Array, toldBy: readonly number[]): Float32Array {
  const [width, hiddenWidth] = [known.length / items, hidden.length / items];
  const images = new Float32Array(items * toldBy.length);
  for (let item = 0; item < items; item++) {
    let next = item * hiddenWidth;
    toldBy.forEach((by, feature) => {
      images[item * toldBy.length + feature] = by < 0 ? hidden[next++]! : known[item * width + by]!;
    });
  }
  return images;
}

/** ||x - guess||^2, mean over the items. */
function errorPerImage(guess: Float32Array, x: Float32Array, items: number): number {
  return guess.reduce((sum, value, at) => sum + (value - x[at]!) ** 2, 0) / items;
}

const bytesOf = (values: Float32Array): Uint8Array => Uint8Array.from(values, (value) => Math.round(255 * value));
const floatsOf = (bytes: Uint8Array): Float32Array => Float32Array.from(bytes, (byte) => byte / 255);

import { readFrame } from "@isthmus/codec";
import { decodeItems, decodeStreamLatents, encodeStream, inferLatents, learnedCoding } from "@isthmus/compress";
import { batches, type Dataset, itemSize, take } from "@isthmus/data";
import type { Model, StoredTensor } from "@isthmus/graph";
import { lineChart } from "@isthmus/plot";
import { pngGrid } from "@isthmus/plot/png";
import { toModel } from "@isthmus/train";
import { bitsAt, measured, partOf, psnrOf, squaredError, type TrainedCodec, trainedCodec } from "./codec-runs.ts";
import type { Context, Made, PassLine, Reproduction, Row, Splits } from "./harness/reproduction.ts";
import { firstItems, joined } from "./harness/training.ts";

const STREAMS = 4;
const MASK = 0.5;
const LAMBDA = 16;
/** Of a codec without masking that is coarser, to tell what masking costs in bits at the same error. */
const COARSER = 4;
const CODE = 48;
const HIDDEN = 256;
const EPOCHS = 8;
const OTHER_EPOCHS = 3;
const RATE = 2e-3;
/** The first of the test set. */
const ITEMS = 1000;
const SHOWN = 10;
/** dB that losing the last stream may cost. */
const MOST_LOSS = 3;
/** Of images, whichever stream is lost: how many may come back further from what they were than the mean image is. */
const MOST_WORSE = 0.01;

export const codecStreams: Reproduction = {
  name: "codec-streams",
  what: "A learned codec whose channels come in four streams in the order of their importance, trained with streams masked and without: what is left when some are lost",
  minutes: 6,
  seeds: [1],
  run,
};

/** Which streams of an image are there. */
type Reception = readonly boolean[];

const all: readonly number[] = Array.from({ length: STREAMS }, (_, stream) => stream);
const PREFIXES: readonly Reception[] = all.map((last) => all.map((stream) => stream <= last));
const ONE_LOST: readonly Reception[] = all.map((lost) => all.map((stream) => stream !== lost));

/** What came back of the test set. */
interface Received {
  /** Bits that came of an image, header included. */
  readonly bits: number;
  readonly squaredError: number;
  readonly psnr: number;
  /** Share of images further from what they were than the mean training image. */
  readonly worse: number;
  /** The first ones, [images, features]. */
  readonly images: Float32Array;
}

interface Measured {
  readonly name: string;
  readonly prefixes: readonly Received[];
  readonly oneLost: readonly Received[];
}

interface Compared {
  readonly codecs: readonly Measured[];
  /** Bits of the masked codec over those of the others at its error, nothing being lost. */
  readonly cost: number;
  readonly seconds: number;
}

async function run(context: Context): Promise<Made> {
  const data = partOf(await context.mnist(), ITEMS);
  const bySeed: Compared[] = [];
  for (const seed of context.seeds) bySeed.push(await compared(context, data, seed));
  const [first] = bySeed;
  return {
    rows: rowsOf(context, bySeed),
    protocol: {
      codec: `kind learned-codec: 784-${HIDDEN}-${CODE}, GDN, sigmoid output, lambda ${LAMBDA}; ${STREAMS} streams of ${CODE / STREAMS} channels; mask ${MASK} and 0`,
      optimiser: `Adam, cosine from ${RATE} to 0, batch 128, ${context.epochs(EPOCHS)} epochs each`,
      masking: `${100 * MASK} of 100 training images lose streams: half of these the last 1 to ${STREAMS - 1}, half any one; bits are counted of all`,
      sorted: "the codec without masking with its channels in the order of their variance over 1,000 training images",
      measure: `the first ${ITEMS} test images in one .isth stream of ${STREAMS} payloads, of which some are damaged and replaced by medians; PSNR of the mean squared error of values rounded to 8 bits`,
      cost: `bits beside those of codecs without masking of lambda ${LAMBDA} and ${COARSER} at the same error, between which log bits is a line in log error`,
    },
    details: Object.fromEntries(
      first!.codecs.map(({ name, prefixes, oneLost }) => [
        name,
        { prefixes: prefixes.map(figures), oneLost: oneLost.map(figures) },
      ]),
    ),
    pictures: { "": chart(first!.codecs), digits: digits(data.test, first!.codecs) },
  };
}

const figures = ({ bits, squaredError: error, psnr, worse }: Received) => ({ bits, squaredError: error, psnr, worse });

async function compared(context: Context, data: Splits, seed: number): Promise<Compared> {
  const config = {
    trunk: { kind: "dense", hidden: [HIDDEN] },
    latent: CODE,
    gdn: true,
    output: "sigmoid",
    streams: STREAMS,
  } as const;
  const shared = { data, seed, batchSize: 128, rate: RATE };
  const training = { ...shared, epochs: EPOCHS };
  const plain = await trainedCodec(context, {
    ...{ ...training, title: "without masking", config: { ...config, lambda: LAMBDA, mask: 0 } },
  });
  const masked = await trainedCodec(context, {
    ...{ ...training, title: "masked", config: { ...config, lambda: LAMBDA, mask: MASK } },
  });
  const coarser = await trainedCodec(context, {
    ...{ ...shared, epochs: OTHER_EPOCHS, title: `without masking, lambda ${COARSER}`, from: plain },
    config: { ...config, lambda: COARSER, mask: 0 },
  });
  const sorted = await inOrderOfVariance(context, plain, take(data.train, 0, ITEMS));
  const codecs = [
    await receptionsOf(context, "masked", masked, data),
    await receptionsOf(context, "without masking", plain, data),
    await receptionsOf(context, "without masking, sorted", sorted, data),
  ];
  const [own] = await measured(context, masked, data.test);
  const others = [...(await measured(context, plain, data.test)), ...(await measured(context, coarser, data.test))];
  const seconds = plain.seconds + masked.seconds + coarser.seconds;
  return { codecs, cost: own!.bits / bitsAt(others, own!.squaredError), seconds };
}

/** The same codec with its channels in another order: those whose codes vary most first. */
async function inOrderOfVariance({ engine }: Context, codec: TrainedCodec, train: Dataset): Promise<TrainedCodec> {
  const { definition, parameters } = codec;
  const encoder = { encoder: definition.encoder, parameters };
  const { values } = await inferLatents(engine, encoder, batches(train, { batchSize: 256 }));
  const variances = Array.from({ length: CODE }, (_, channel) => {
    const codes = values.filter((_value, i) => i % CODE === channel);
    const mean = codes.reduce((sum, code) => sum + code) / codes.length;
    return codes.reduce((sum, code) => sum + (code - mean) ** 2, 0) / codes.length;
  });
  const order = variances.map((_, channel) => channel).sort((a, b) => variances[b]! - variances[a]!);
  const permuted = Object.entries(parameters).map(([name, tensor]) => [name, inOrder(name, tensor, order)] as const);
  return { ...codec, parameters: Object.fromEntries(permuted) };
}

/** Channels are the columns of what makes a code, and the rows of its prior and of what is made of it. */
function inOrder(name: string, tensor: StoredTensor, order: readonly number[]): StoredTensor {
  const isColumns = name.startsWith("encoder.z.");
  if (!isColumns && !name.startsWith("prior.") && name !== "decoder.dense0.kernel") return tensor;
  const source = tensor.data as Float32Array;
  const width = isColumns ? CODE : source.length / CODE;
  const data = source.map((_, i) => {
    const [row, column] = [Math.floor(i / width), i % width];
    return isColumns ? source[row * width + order[column]!]! : source[order[row]! * width + column]!;
  });
  return { ...tensor, data };
}

async function receptionsOf(context: Context, name: string, codec: TrainedCodec, data: Splits): Promise<Measured> {
  const { engine } = context;
  const { definition, parameters } = codec;
  const coding = await learnedCoding(engine, definition.quantisation!, parameters);
  const model = toModel(definition, { parameters }, { provenance: {}, metrics: {}, coding });
  const bytes = await encodeStream(engine, model, batches(data.test, { batchSize: 256 }));
  const worst = meanErrors(data);
  const receive = async (which: Reception): Promise<Received> => received(context, model, bytes, which, data, worst);
  const [prefixes, oneLost]: [Received[], Received[]] = [[], []];
  for (const which of PREFIXES) prefixes.push(await receive(which));
  for (const which of ONE_LOST) oneLost.push(await receive(which));
  context.tell(`${name}: ${prefixes.map(({ psnr }) => psnr.toFixed(2)).join(", ")} dB of 1 to ${STREAMS} streams`);
  return { name, prefixes, oneLost };
}

/** Of each test image, if the mean training image came in its place. */
function meanErrors({ train, test }: Splits): Float64Array {
  const size = itemSize(test);
  const mean = new Float64Array(size);
  const values = train.values as Uint8Array;
  for (let i = 0; i < train.items * size; i++) mean[i % size]! += values[i]! / 255 / train.items;
  return itemErrors(firstItems(test, test.items), (i) => mean[i % size]!, size);
}

function itemErrors(x: Float32Array, back: (i: number) => number, size: number): Float64Array {
  const errors = new Float64Array(x.length / size);
  for (let i = 0; i < x.length; i++) errors[Math.floor(i / size)]! += (x[i]! - back(i)) ** 2;
  return errors;
}

async function received(
  { engine }: Context,
  model: Model,
  bytes: Uint8Array,
  which: Reception,
  { test }: Splits,
  worst: Float64Array,
): Promise<Received> {
  const { payloads, found } = readFrame(bytes);
  const hurt = bytes.slice();
  which.forEach((isThere, stream) => {
    if (!isThere) hurt[found[stream]!.offset]! ^= 1;
  });
  const lost = payloads.reduce((sum, { length }, stream) => sum + (which[stream] ? 0 : length), 0);
  const back = await decodeItems(engine, model, decodeStreamLatents(model, hurt, { lost: "replace" }));
  const x = firstItems(test, test.items);
  const error = squaredError(x, back) / test.items;
  const errors = itemErrors(x, (i) => back[i]!, itemSize(test));
  return {
    bits: (8 * (bytes.length - lost)) / test.items,
    squaredError: error,
    psnr: psnrOf({ squaredError: error }, test),
    worse: errors.filter((one, item) => one > worst[item]!).length / test.items,
    images: back.slice(0, SHOWN * itemSize(test)),
  };
}

function rowsOf(context: Context, bySeed: readonly Compared[]): Row[] {
  const row = (
    what: string,
    unit: string,
    convention: string,
    value: (one: Compared) => number,
    line?: PassLine,
  ): Row => ({
    ...{ what, unit, convention, published: null, ...(line && { line }) },
    runs: context.seeds.map((seed, i) => ({ seed, value: value(bySeed[i]!), seconds: 0 })),
  });
  const last = (codec: Measured): number => codec.prefixes.at(-1)!.psnr - codec.prefixes.at(-2)!.psnr;
  const least = (codec: Measured): number => Math.min(...codec.oneLost.map(({ psnr }) => psnr));
  const worse = (codec: Measured): number => Math.max(...codec.oneLost.map((one) => one.worse));
  const names = bySeed[0]!.codecs.map(({ name }) => name);
  const cost = row(
    "masked: bits over those of codecs without masking at equal squared error, nothing lost",
    "",
    "file lengths, headers included; above 1 masking costs bits",
    (one) => one.cost,
  );
  const timed = cost.runs.map((one, i) => ({ ...one, seconds: bySeed[i]!.seconds }));
  const rows = names.flatMap((name, i) => {
    const of = (value: (codec: Measured) => number) => (one: Compared) => value(one.codecs[i]!);
    const isMasked = i === 0;
    return [
      row(
        `${name}: what losing the last stream costs`,
        "dB",
        "PSNR",
        of(last),
        isMasked ? { most: MOST_LOSS } : undefined,
      ),
      row(
        `${name}: the first stream alone`,
        "dB",
        "PSNR",
        of((codec) => codec.prefixes[0]!.psnr),
      ),
      row(`${name}: any one stream lost, the worst of four`, "dB", "PSNR", of(least)),
      row(
        `${name}: any one stream lost, images further off than the mean image`,
        "",
        "share, the largest of four",
        of(worse),
        isMasked ? { most: MOST_WORSE } : undefined,
      ),
      row(
        `${name}: all streams`,
        "dB",
        "PSNR",
        of((codec) => codec.prefixes.at(-1)!.psnr),
      ),
      row(
        `${name}: all streams, bits per image`,
        "",
        "file length, header included",
        of((codec) => codec.prefixes.at(-1)!.bits),
      ),
    ];
  });
  return [{ ...cost, runs: timed }, ...rows];
}

function chart(codecs: readonly Measured[]): string {
  return lineChart({
    title: "Streams in the order of their importance",
    subtitle: `MNIST, the first ${ITEMS} test images: what comes back of 1, 2, 3 and ${STREAMS} streams`,
    x: { name: "bits per image that came" },
    y: { name: "PSNR, dB" },
    series: codecs.map(({ name, prefixes }) => ({
      name,
      points: prefixes.map(({ bits, psnr }) => [bits, psnr] as const),
    })),
  });
}

/** The images, then a row for each number of streams that came, of the masked codec and of the sorted one. */
function digits(test: Dataset, codecs: readonly Measured[]): Uint8Array {
  const shown = [codecs[0]!, codecs[2]!];
  const rows = shown.flatMap(({ prefixes }) => prefixes.map(({ images }) => images));
  const labels = ["masked", "sorted"].flatMap((name) => PREFIXES.map((_, i) => `${name} ${i + 1}`));
  const values = joined(firstItems(test, SHOWN), ...rows);
  return pngGrid({ shape: test.shape, values }, { columns: SHOWN, rowLabels: ["original", ...labels] });
}

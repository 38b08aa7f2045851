/** Pictures of codebooks and of what becomes of them on the way. */
import {
  type Codebook,
  dimensions,
  distanceSpectrum,
  ebNoFromDb,
  measurePower,
  neuralReceiver,
  noiseDeviation,
} from "@isthmus/channel";
import { UsageError } from "@isthmus/command-line/node";
import { openNetwork } from "@isthmus/compress";
import { randomNormal } from "@isthmus/math";
import type { ConstellationChart, DecisionRaster } from "@isthmus/plot";
import type { LinkFile } from "../channel/link-files.ts";
import { linkText, titleOf } from "../channel/limits.ts";
import { bitLabels, type Plane, placesOf, planeOf } from "../channel/plane.ts";
import { grouped } from "../console.ts";
import { withEngine } from "../engines.ts";
import type { ChartPicture } from "./picture.ts";

/** A codebook to be drawn, and the link that it is of, if one is. */
export interface LinkSubject {
  readonly book: Codebook;
  readonly link?: LinkFile;
}

export interface CloudOptions {
  /** Of the noise. */
  readonly ebNoDb: number;
  /** Blocks that are received; 0 for none. */
  readonly blocks: number;
  readonly seed: number;
}

export interface RegionOptions extends CloudOptions {
  /** `network` asks a link's own receiver. */
  readonly regions: "maximum-likelihood" | "network" | "none";
  readonly build?: string;
}

/** Bits are written beside so many points at most. */
const MOST_LABELLED = 64;
const RASTER = 200;

/** Points of the plane with what is received and how it is decided. */
export async function constellation(subject: LinkSubject, options: RegionOptions): Promise<ChartPicture> {
  const { book, link } = subject;
  const columns = dimensions(book);
  if (columns > 2)
    throw new UsageError(
      `${book.name} has ${columns} real dimensions; isthmus channel plot projection shows two of them`,
    );
  const plane = planeOf(book);
  const { regions } = options;
  if (regions === "network" && !link) throw new UsageError("--regions network goes with a model only");
  const cloud = await cloudOf(subject, plane, options);
  const drawn = { ...(await chartOf(book, plane)), ...(cloud && { cloud }) };
  const raster = regions === "network" ? await decisionRaster(link!, reachOf(drawn), options) : undefined;
  const words = { "maximum-likelihood": "nearest point", network: "the network's decisions", none: "" }[regions];
  const { constellationChart } = await import("@isthmus/plot");
  const svg = constellationChart({
    ...drawn,
    subtitle: [noiseText(options), words && `regions: ${words}`].filter(Boolean).join("; "),
    ...(regions === "maximum-likelihood" && { regions: "voronoi" }),
    ...(raster && { regions: raster }),
  });
  return { kind: "chart", svg, alt: `${book.size} points ${linkText(book)}, ${noiseText(options)}` };
}

/** Signals of many dimensions along the two axes in which the codebook varies most. */
export async function projection(subject: LinkSubject, options: CloudOptions): Promise<ChartPicture> {
  const { book } = subject;
  if (dimensions(book) < 3)
    throw new UsageError(`${book.name} is of the plane already; isthmus channel plot constellation shows it`);
  const plane = planeOf(book);
  const cloud = await cloudOf(subject, plane, options);
  const { constellationChart } = await import("@isthmus/plot");
  const svg = constellationChart({
    ...(await chartOf(book, plane)),
    title: `${titleOf(book)}, projected`,
    subtitle: noiseText(options),
    ...(cloud && { cloud }),
  });
  const alt = `${book.size} points of ${dimensions(book)} dimensions in two, ${noiseText(options)}`;
  return { kind: "chart", svg, alt };
}

/** How far messages are from each other, codebook by codebook. */
export async function spectrum(books: readonly Codebook[]): Promise<ChartPicture> {
  const { stemChart } = await import("@isthmus/plot");
  const series = books.map((book) => ({
    name: titleOf(book),
    // Learned distances are all different: those within a hundredth of the greatest stand together.
    points: distanceSpectrum(book, 0.01).distances.map(
      ({ squared, neighbours }) => [scaled(book, squared), neighbours] as const,
    ),
  }));
  const svg = stemChart({
    title: "Distances between messages",
    subtitle:
      "In standard deviations of the noise at Eb/N0 0 dB: codes of different rates compare. Further to the right is better",
    x: { name: "distance" },
    y: { name: "neighbours of a message, on average" },
    series,
    width: 880,
  });
  return { kind: "chart", svg, alt: `distances between the messages of ${books.map(({ name }) => name).join(", ")}` };
}

function scaled(book: Codebook, squared: number): number {
  return Math.sqrt(squared) / noiseDeviation(ebNoFromDb(0), book);
}

function noiseText({ blocks, ebNoDb, seed }: CloudOptions): string {
  return blocks === 0 ? "what is sent" : `${grouped(blocks)} blocks received at Eb/N0 ${ebNoDb} dB, seed ${seed}`;
}

async function chartOf(book: Codebook, plane: Plane): Promise<ConstellationChart> {
  const { complex, size } = book;
  const [x, y] = plane.names;
  const isCircle = plane.whole && dimensions(book) === 2;
  const radius = Math.sqrt(complex ? 1 : 2);
  return {
    title: titleOf(book),
    x: { name: x },
    y: { name: y },
    points: placesOf(book, plane),
    ...(size <= MOST_LABELLED && { labels: bitLabels(book) }),
    ...(isCircle && { rings: [{ radius, name: "mean energy" }] }),
  };
}

/** Far enough for every point, the ring and nearly all that is received. */
function reachOf({ points, cloud, rings = [] }: ConstellationChart): number {
  const far = (list: readonly (readonly [number, number])[]): number[] =>
    list.map(([x, y]) => Math.max(Math.abs(x), Math.abs(y))).toSorted((a, b) => a - b);
  const most = far(points).at(-1)!;
  const received = far(cloud?.points ?? []);
  const usual = received[Math.floor(0.995 * (received.length - 1))] ?? 0;
  return Math.max(1.2 * most, 1.02 * usual, ...rings.map(({ radius }) => 1.08 * radius));
}

type Cloud = NonNullable<ConstellationChart["cloud"]>;

async function cloudOf(subject: LinkSubject, plane: Plane, options: CloudOptions): Promise<Cloud | undefined> {
  const { blocks } = options;
  if (blocks === 0) return undefined;
  const { book, link } = subject;
  const sent = Int32Array.from({ length: blocks }, (_, i) => i % book.size);
  const isPlain = !link || link.definition.config.channel.kind === "awgn";
  const received = isPlain ? noisy(book, sent, options) : await throughLink(link, sent, options);
  const columns = dimensions(book);
  if (received.length !== blocks * columns)
    throw new UsageError(`${book.name}: what is received has other dimensions than what is sent; --cloud 0 draws none`);
  const points = Array.from(sent, (_, i) => plane.place(received.subarray(i * columns, (i + 1) * columns)));
  return { points, sent };
}

/** White noise on every signal. */
function noisy(book: Codebook, sent: Int32Array, { ebNoDb, seed }: CloudOptions): Float32Array {
  const sigma = noiseDeviation(ebNoFromDb(ebNoDb), book);
  const columns = dimensions(book);
  const z = new Float32Array(sent.length * columns);
  randomNormal(z, { seed, stream: "cloud", step: 0 });
  return z.map((noise, at) => book.points[sent[Math.floor(at / columns)]! * columns + (at % columns)]! + sigma * noise);
}

/** Over the channel that a link was trained over. */
function throughLink(link: LinkFile, label: Int32Array, { ebNoDb, seed }: CloudOptions): Promise<Float32Array> {
  const { definition, parameters } = link;
  const deviation = Float32Array.of(noiseDeviation(ebNoFromDb(ebNoDb), definition.config));
  return withEngine({}, async (engine) => {
    const network = await openNetwork(engine, definition.link, parameters);
    try {
      const inputs = { label, seed: Int32Array.of(seed, 0), step: Int32Array.of(0, 0), deviation };
      const known = Object.entries(inputs).filter(([name]) => Object.hasOwn(definition.link.inputs, name));
      return Float32Array.from((await network.run(Object.fromEntries(known)))["received"]!);
    } finally {
      network.dispose();
    }
  });
}

/** What the network decides in the middle of each cell of a grid. */
function decisionRaster(link: LinkFile, reach: number, { ebNoDb, build }: RegionOptions): Promise<DecisionRaster> {
  const book = link.codebook;
  if (dimensions(book) !== 2)
    throw new UsageError(`${book.name} is of one dimension; --regions maximum-likelihood goes`);
  const at = (index: number): number => -reach + ((index + 0.5) * 2 * reach) / RASTER;
  const signal = Float32Array.from({ length: 2 * RASTER * RASTER }, (_, i) => {
    const [cell, axis] = [Math.floor(i / 2), i % 2];
    return axis === 0 ? at(cell % RASTER) : -at(Math.floor(cell / RASTER));
  });
  const blocks = RASTER * RASTER;
  return withEngine(build === undefined ? {} : { build }, async (engine) => {
    const receiver = await neuralReceiver(link, engine);
    try {
      const decisions = new Uint32Array(blocks);
      const deviation = noiseDeviation(ebNoFromDb(ebNoDb), book);
      await receiver.decide({ blocks, columns: 2, complex: book.complex, signal, deviation }, decisions);
      return { reach, decisions };
    } finally {
      receiver.dispose();
    }
  });
}

/** What a codebook spends, in words. */
export function powerLines(book: Codebook): readonly (readonly [string, string])[] {
  const { average, leastPoint, greatestPoint, amplitude, peakToAverage } = measurePower(book);
  const { minimum } = distanceSpectrum(book);
  return [
    ["mean power a use", average.toFixed(4)],
    ["energy of a message over n, least to greatest", `${leastPoint.toFixed(4)} to ${greatestPoint.toFixed(4)}`],
    ["greatest amplitude", amplitude.toFixed(4)],
    ["peak over mean power", `${peakToAverage.toFixed(3)} (${(10 * Math.log10(peakToAverage)).toFixed(2)} dB)`],
    ["least distance", Math.sqrt(minimum).toFixed(4)],
  ];
}

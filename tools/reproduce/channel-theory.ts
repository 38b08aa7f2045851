import {
  awgn,
  bpskBitError,
  type Codebook,
  compareSystems,
  ebNoFromDb,
  ebNoFromEsNo,
  esNoFromDb,
  esNoFromEbNo,
  exactSymbolError,
  extendedHammingCodebook,
  hammingCode,
  hammingCodebook,
  hardDecisionBlockError,
  metaConverse,
  optimiseCodebook,
  pskCodebook,
  pskSymbolError,
  qamCodebook,
  qamSymbolError,
  requireAboveSpherePacking,
  requiredEbNoDb,
  type SimulatedChannel,
  simulate,
  type SimulatedPoint,
  spherePackingBound,
  type System,
  uncodedBlockError,
  uncodedCodebook,
  unionBound,
} from "@isthmus/channel";
import { errorRateChart } from "@isthmus/plot";
import type { Context, Made, Reproduction, Row, SeedRun } from "./harness/reproduction.ts";

const LINK = { k: 4, n: 7 } as const;
const DB = [-2, -1, 0, 1, 2, 3, 4, 5, 6, 7];
/** Of the Hamming code by maximum likelihood, from simulations of 1.5 to 60 million blocks in NumPy, and their relative standard deviations. */
const HAMMING = [0.3344, 0.2547, 0.1793, 0.114, 6.396e-2, 3.043e-2, 1.182e-2, 3.58e-3, 7.97e-4, 1.23e-4];
const HAMMING_OFF = [0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.4, 0.9, 2.3].map((percent) => percent / 100 / 1.96);
const SIMULATED = { targetErrors: 4000, maxBlocks: 4e7 };
/** By dB: rarer errors want more blocks. */
const PAIRED_BLOCKS = { 4: 1e7, 6: 3e7 } as const;
const NUMPY = "simulated in NumPy for this comparison";

export const channelTheory: Reproduction = {
  name: "channel-theory",
  what: "Closed forms, limits and simulations of classical links against each other",
  minutes: 5,
  data: "made",
  run,
};

async function run(context: Context): Promise<Made> {
  const curves = await eachSeed(context, "Hamming (7,4)", (seed) =>
    simulate({ codebook: hammingCodebook(), ebNoDb: DB, seed, ...SIMULATED }).then(({ points }) => points),
  );
  const rows: Row[] = [
    exactRow("integrals over Voronoi cells, 4 to 64 points of PSK and QAM", greatestOf(planeErrors()), 1e-10),
    exactRow("sphere packing at (2,2) against QPSK", greatestOf(packingErrors(2)), 1e-9),
    exactRow("sphere packing at (2,4) against 16-PSK", greatestOf(packingErrors(4)), 1e-9),
    hammingRow(curves),
    await guardRow(context, "honest curves refused", honest(), { most: 0 }),
    await guardRow(context, "planted mistakes caught, of 3", planted(), { least: 3, most: 3 }),
    ...(await optimisedRows(context)),
    speedRow(await speeds(context)),
  ];
  return {
    rows,
    protocol: {
      simulations: `until ${SIMULATED.targetErrors} blocks were wrong or ${SIMULATED.maxBlocks / 1e6} million sent, at ${DB.join(", ")} dB`,
      mistakes: "0.6 dB more power than said; the variance of the noise taken for its deviation; noise of 3 dB less",
    },
    details: { hamming: curves.map(({ points, seed }) => ({ seed, points: points.map(plain) })) },
    pictures: { "": waterfall(curves[0]!.points) },
  };
}

interface Curve {
  readonly seed: number;
  readonly points: readonly SimulatedPoint[];
}

async function eachSeed(
  { seeds, tell }: Context,
  title: string,
  made: (seed: number) => Promise<readonly SimulatedPoint[]>,
): Promise<Curve[]> {
  const curves: Curve[] = [];
  for (const seed of seeds) {
    const points = await made(seed);
    tell(`${title}, seed ${seed}: ${points.map(({ bler }) => bler.toExponential(3)).join(" ")}`);
    curves.push({ seed, points });
  }
  return curves;
}

const plain = ({ ebNoDb, blocks, blockErrors, bitErrors }: SimulatedPoint) => ({
  ebNoDb,
  blocks,
  blockErrors,
  bitErrors,
});

/** A deterministic figure: one run. */
function exactRow(what: string, value: number, most: number): Row {
  return {
    ...{ what, unit: "", published: null, line: { most } },
    convention: "largest relative difference of symbol error rates, between -2 and 16 dB of Eb/N0",
    runs: [{ seed: 0, value, seconds: 0 }],
  };
}

const greatestOf = (differences: readonly number[]): number => Math.max(...differences.map(Math.abs));
const WIDE_DB = Array.from({ length: 19 }, (_, i) => i - 2);

function planeErrors(): number[] {
  return [4, 16, 64].flatMap((m) =>
    WIDE_DB.flatMap((db) => {
      const [psk, qam] = [pskCodebook(m), qamCodebook(m)];
      const ebNo = ebNoFromDb(db);
      const esNo = esNoFromEbNo(ebNo, psk);
      return [
        exactSymbolError(psk, ebNo) / pskSymbolError(m, esNo) - 1,
        exactSymbolError(qam, ebNo) / qamSymbolError(m, esNo) - 1,
      ];
    }),
  );
}

function packingErrors(k: number): number[] {
  const link = { k, n: 2 };
  return WIDE_DB.map((db) => {
    const ebNo = ebNoFromDb(db);
    return spherePackingBound(link, ebNo) / pskSymbolError(2 ** k, esNoFromEbNo(ebNo, link)) - 1;
  });
}

function hammingRow(curves: readonly Curve[]): Row {
  const deviations = ({ points }: Curve): number[] =>
    points.map(
      ({ bler, blockErrors }, i) => (bler / HAMMING[i]! - 1) / Math.hypot(1 / Math.sqrt(blockErrors), HAMMING_OFF[i]!),
    );
  return {
    ...{ what: "Hamming (7,4), maximum likelihood, -2 to 7 dB", unit: "standard deviations", line: { most: 3 } },
    convention: "largest distance of a simulated BLER from the other, in standard deviations of both",
    published: { figures: `${HAMMING.join(" ")}`, source: NUMPY },
    runs: curves.map((curve) => ({ seed: curve.seed, value: greatestOf(deviations(curve)), seconds: 0 })),
  };
}

/** How many of these systems {@link requireAboveSpherePacking} refuses, of what their codebooks say they are. */
async function guardRow(
  { seeds, tell }: Context,
  what: string,
  systems: readonly (System & { readonly said: Codebook })[],
  line: { readonly least?: number; readonly most: number },
): Promise<Row> {
  const runs: SeedRun[] = [];
  for (const seed of seeds) {
    let refused = 0;
    for (const system of systems) {
      const { points } = await simulate({ ...system, ebNoDb: [0, 2, 4], seed, targetErrors: 1e9, maxBlocks: 5e5 });
      if (isRefused(system.said, points)) refused++;
    }
    tell(`${what}, seed ${seed}: ${refused}`);
    runs.push({ seed, value: refused, seconds: 0 });
  }
  return {
    ...{ what: `sphere packing as a guard: ${what}`, unit: "", published: null, runs, line },
    convention:
      "half a million blocks at 0, 2 and 4 dB each; a curve with fewer wrong blocks than the bound by 3 sigma is refused, the chance of 3 sigma shared by its points",
  };
}

function isRefused(said: Codebook, points: readonly SimulatedPoint[]): boolean {
  try {
    requireAboveSpherePacking(said, points);
    return false;
  } catch (error) {
    if ((error as { code?: string }).code !== "CHANNEL_BELOW_BOUND") throw error;
    return true;
  }
}

function honest(): (System & { readonly said: Codebook })[] {
  const books = [hammingCodebook(), extendedHammingCodebook(), uncodedCodebook(4), uncodedCodebook(8), pskCodebook(16)];
  return books.map((book) => ({ codebook: book, said: book }));
}

function planted(): (System & { readonly said: Codebook })[] {
  const said = hammingCodebook();
  const louder = { ...said, points: said.points.map((x) => x * 10 ** (0.6 / 20)) };
  const quieter = (deviation: (sigma: number) => number): SimulatedChannel => ({
    name: "planted",
    pass: (batch, draw) => awgn().pass({ ...batch, deviation: deviation(batch.deviation) }, draw),
  });
  return [
    { codebook: louder, said },
    { codebook: said, said, channel: quieter((sigma) => sigma * sigma) },
    { codebook: said, said, channel: quieter((sigma) => sigma / Math.SQRT2) },
  ];
}

/** Points by descent on formulas against classical ones. */
async function optimisedRows({ seeds, tell }: Context): Promise<Row[]> {
  const [seed] = seeds;
  const { codebook } = await optimiseCodebook({ ...LINK, ebNoDb: 5, seed: seed! });
  const rows: Row[] = [];
  for (const ebNoDb of [4, 6] as const) {
    const blocks = PAIRED_BLOCKS[ebNoDb];
    const made = await compareSystems({ codebook }, { codebook: hammingCodebook() }, { ebNoDb, blocks, seed: seed! });
    tell(
      `optimised (7,4), ${ebNoDb} dB: ${made.a.blockErrors} wrong, Hamming ${made.b.blockErrors}, p ${made.pAIsBetter}`,
    );
    rows.push({
      ...{ what: `optimised (7,4) over Hamming, ${ebNoDb} dB: wrong blocks`, unit: "", line: { most: 1 } },
      convention: `maximum likelihood for both, ${blocks / 1e6} million blocks on the same noise; p of "no better" ${made.pAIsBetter.toExponential(1)}`,
      published: { figures: ebNoDb === 4 ? "0.97" : "0.94", source: NUMPY },
      runs: [{ seed: seed!, value: made.a.blockErrors / made.b.blockErrors, seconds: 0 }],
    });
  }
  return [...rows, await planeRow(seed!)];
}

async function planeRow(seed: number): Promise<Row> {
  const qam = qamCodebook(16);
  const ebNo = ebNoFromEsNo(esNoFromDb(14), qam);
  const ebNoDb = 10 * Math.log10(ebNo);
  const { codebook } = await optimiseCodebook({ k: 4, n: 1, complex: true, ebNoDb, normalize: "average", seed });
  const needed = (book: Codebook): number => requiredEbNoDb((at) => exactSymbolError(book, at), 1e-2);
  return {
    ...{
      what: "optimised 16 points in the plane against 16-QAM, at a symbol error of 1e-2",
      unit: "dB",
      line: { least: 0.37 },
    },
    convention:
      "Eb/N0 saved; exact symbol errors by integrals over Voronoi cells; points of least union bound at Es/N0 14 dB",
    published: { figures: "0.39", source: "a search over exact symbol errors, in NumPy" },
    runs: [{ seed, value: needed(qam) - needed(codebook), seconds: 0 }],
  };
}

async function speeds({ seeds, tell }: Context): Promise<SeedRun[]> {
  const runs: SeedRun[] = [];
  for (const seed of seeds) {
    const before = process.cpuUsage();
    const { points } = await simulate({
      codebook: hammingCodebook(),
      ebNoDb: 4,
      seed,
      targetErrors: 1e9,
      maxBlocks: 1e7,
    });
    const { user, system } = process.cpuUsage(before);
    const value = points[0]!.blocks / (user + system);
    tell(`(7,4), maximum likelihood: ${value.toFixed(1)} million blocks per second of processor time`);
    runs.push({ seed, value, seconds: 0 });
  }
  return runs;
}

function speedRow(runs: readonly SeedRun[]): Row {
  return {
    ...{
      what: "(7,4), maximum likelihood: simulated blocks per second of one core's time",
      unit: "million",
      published: null,
    },
    convention: "10 million blocks; messages, noise, decisions and counting",
    ...{ runs, line: { least: 5 } },
  };
}

function waterfall(points: readonly SimulatedPoint[]): string {
  const computed = (f: (db: number) => number) => DB.map((x) => ({ x, rate: Math.min(1, f(x)) }));
  const hamming = hammingCodebook();
  return errorRateChart({
    title: "Four bits in seven uses",
    subtitle: "the Hamming code, simulated, between what is exact and what no code can do",
    curves: [
      { name: "uncoded", line: "dashed", points: computed((db) => uncodedBlockError(4, bpskBitError(ebNoFromDb(db)))) },
      { name: "Hamming, hard decisions", line: "dashed", points: computed(hardDecisions) },
      { name: "Hamming, union bound", line: "dashed", points: computed((db) => unionBound(hamming, ebNoFromDb(db))) },
      {
        name: "Hamming, maximum likelihood",
        points: points.map(({ ebNoDb: x, bler: rate, blerInterval: interval }) => ({ x, rate, interval })),
      },
      { name: "sphere packing", line: "dashed", points: computed((db) => spherePackingBound(LINK, ebNoFromDb(db))) },
      { name: "meta-converse", line: "dashed", points: computed((db) => metaConverse(LINK, ebNoFromDb(db))) },
    ],
    gaps: [{ between: ["sphere packing", "Hamming, maximum likelihood"], rate: 1e-3 }],
    floor: 1e-5,
  });
}

function hardDecisions(db: number): number {
  const ebNo = ebNoFromDb(db + 10 * Math.log10(LINK.k / LINK.n));
  return hardDecisionBlockError(hammingCode(), bpskBitError(ebNo));
}

/** Hostile lossless streams, payloads and tables. */
import { inflateRawSync } from "node:zlib";
import {
  type BitsBackTables,
  decodeBitsBack,
  decodeLossless,
  encodeBitsBack,
  encodeLossless,
  type LosslessCoder,
  makeBitsBackTables,
  numbersPerPixel,
  packBitsBackTables,
  readFrame,
  readFrames,
  unpackBitsBackTables,
} from "../../src/index.ts";
import {
  type Draw,
  damagedTables,
  everyCutAndFlip,
  type HostileKind,
  type HostileSeries,
  pick,
  probe,
  randomBytes,
  refusal,
  spliced,
  tablesRefusal,
  withFlips,
} from "./hostile-draws.ts";
import { forged, modelId } from "./hostile-latents.ts";
import { goldenItems, goldenModel } from "./lossless-golden.ts";

const PIXELS = 16;
const limits = { items: 64, symbols: 64 * PIXELS };
const scaleOf = (w: number): number => 25 * Math.exp(w) + 1 / 32;

interface Coded {
  readonly coder: LosslessCoder;
  readonly items: Uint8Array;
  /** Of one frame, of several, without items, deflated, and raw. */
  readonly streams: readonly Uint8Array[];
}

const coded = ([{ kind: "bernoulli" }, { kind: "logisticMixture", logistics: 2, scaleOf }] as const).map(
  (pixels): Coded => {
    const coder = coderOf(makeBitsBackTables({ seedBits: [3, 0, 8], inputScale: 1 / 32, pixels }));
    const items = goldenItems(pixels.kind).subarray(0, 24 * PIXELS);
    const noise = items.map((_, i) => Math.imul(i + 1, 2654435761) >>> (pixels.kind === "bernoulli" ? 31 : 24));
    const same = new Uint8Array(40 * PIXELS);
    const streams = [
      encodeLossless(items, { ...coder, latentBits: 5 }),
      encodeLossless(items, { ...coder, itemsPerFrame: 9, latentBits: 8 }),
      encodeLossless(new Uint8Array(0), coder),
      encodeLossless(same, coder),
      encodeLossless(noise, { ...coder, latentBits: 1 }),
    ];
    return { coder, items, streams };
  },
);
const all = coded.flatMap(({ coder, streams }) => streams.map((stream) => ({ coder, stream })));
/** Those of a single frame. */
const single = all.filter(({ stream }) => [...readFrames(stream)].length === 1);

function coderOf(tables: BitsBackTables): LosslessCoder {
  return { model: goldenModel(tables), modelId };
}

/** Decodes and says how it ended. Throws unless it is refused with a code and a place, or what came out codes to itself again. */
function outcome(bytes: Uint8Array, coder: LosslessCoder): string {
  let values;
  try {
    ({ values } = probe.around(() => decodeLossless(bytes, { ...coder, limits })));
  } catch (error) {
    return refusal(error, bytes.length);
  }
  if (values.length > limits.symbols) throw new Error(`${values.length} values`);
  let at = 0;
  for (const { coding, items, payloads, quality } of readFrames(bytes)) {
    const part = values.subarray(at, (at += items * PIXELS));
    const again = () =>
      decodeBitsBack(encodeBitsBack(part, coder.model, quality), coder.model, { items, latentBits: quality });
    const own = coding === "learned" ? again() : coding === "raw" ? payloads[0]! : inflateRawSync(payloads[0]!);
    if (Buffer.compare(own, part) !== 0) throw new Error("the items are not those of the payload");
  }
  return "decoded";
}

/** A payload alone, under no checksum: random, damaged or cut, of as many items as it has or others. */
function payloadOutcome(draw: Draw): string {
  const { coder, stream } = pick(draw, all);
  const { payloads, items, quality } = readFrame(stream);
  const whole = payloads[0]!;
  const makers = [
    () => randomBytes(draw),
    () => withFlips(draw, whole, 4),
    () => whole.subarray(0, draw(whole.length)),
  ];
  const payload = whole.length === 0 ? randomBytes(draw) : pick(draw, makers)();
  const asked = draw(3) ? items : draw(limits.items);
  try {
    const latentBits = quality || 1 + draw(8);
    const given = probe.around(() => decodeBitsBack(payload, coder.model, { items: asked, latentBits }));
    return given.length === asked * PIXELS ? "decoded" : `${given.length} values`;
  } catch (error) {
    return refusal(error, payload.length);
  }
}

/** Damaged tables that are taken for good are those that were packed, and code items to themselves. */
function tablesOutcome(draw: Draw): string {
  const { coder, items } = pick(draw, coded);
  const numbers = damagedTables(draw, packBitsBackTables(coder.model.tables));
  let tables;
  try {
    tables = probe.around(() => unpackBitsBackTables(numbers));
  } catch (error) {
    return tablesRefusal(error);
  }
  if (String(packBitsBackTables(tables)) !== String(numbers)) throw new Error("the tables were taken for others");
  // Other networks belong to them; encodeBitsBack says so of these.
  if (numbersPerPixel(tables.pixels) !== numbersPerPixel(coder.model.tables.pixels)) return "decoded";
  if (tables.seedBits.length !== coder.model.tables.seedBits.length) return "decoded";
  const own = coderOf(tables);
  const given = items.subarray(0, 6 * PIXELS);
  const bytes = encodeLossless(given, { ...own, latentBits: 1 + draw(8) });
  if (Buffer.compare(decodeLossless(bytes, own).values, given) !== 0) throw new Error("the items came back as others");
  return "decoded";
}

export const losslessSeries: readonly HostileSeries[] = everyCutAndFlip(
  "lossless streams",
  all.map(({ stream }) => stream),
  (bytes, stream) => outcome(bytes, all[stream]!.coder),
);

export const losslessKinds: readonly HostileKind[] = [
  {
    name: "lossless streams with bits flipped",
    seed: 11,
    run: (draw) => {
      const { stream, coder } = pick(draw, all);
      return outcome(withFlips(draw, stream, 8), coder);
    },
    outcomes: ["CRC", "LIMIT", "MAGIC", "TRUNCATED", "VERSION"],
  },
  {
    name: "lossless streams spliced from two",
    seed: 12,
    run: (draw) => {
      const { streams, coder } = pick(draw, coded);
      return outcome(spliced(draw, streams), coder);
    },
    outcomes: ["CRC", "MAGIC", "SEQUENCE", "TRUNCATED", "decoded"],
  },
  {
    name: "lossless streams damaged under a good checksum",
    seed: 13,
    run: (draw) => {
      const { stream, coder } = pick(draw, single);
      return outcome(forged(draw, stream), coder);
    },
    outcomes: [
      ...["CRC", "DEFLATE", "DIMS", "END", "ITEMS", "LIMIT", "MODEL", "QUALITY", "STATE", "SYMBOL", "TLV", "TRUNCATED"],
      ...["UNSUPPORTED", "decoded"],
    ],
  },
  {
    name: "lossless payloads under no checksum, random, damaged or cut",
    seed: 14,
    run: payloadOutcome,
    outcomes: ["END", "STATE", "SYMBOL", "decoded"],
  },
  {
    name: "packed lossless tables, damaged",
    seed: 15,
    run: tablesOutcome,
    outcomes: ["TABLE_INVALID", "decoded"],
    share: 0.25,
  },
];

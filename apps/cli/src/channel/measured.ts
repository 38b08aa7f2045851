/** What simulations came to, as lines, as CSV and as JSON. */
import type { Codebook, SimulatedPoint } from "@isthmus/channel";
import type { JsonObject } from "@isthmus/graph";
import { grouped } from "../console.ts";
import { columns, type KnownCurve, quoted, rateText, tableLines } from "./rate-table.ts";
import type { SimulateOptions } from "./simulations.ts";

export interface MeasuredCurve {
  readonly name: string;
  readonly points: readonly SimulatedPoint[];
}

export interface Measured {
  readonly title: string;
  readonly channel: string;
  readonly link: Pick<Codebook, "k" | "n" | "complex">;
  /** The first is what was asked for. */
  readonly measured: readonly MeasuredCurve[];
  readonly known: readonly KnownCurve[];
  readonly ebNoDb: readonly number[];
}

export function measuredJson(measured: Measured, { confidence, interval, seed }: SimulateOptions): JsonObject {
  return {
    system: measured.title,
    channel: measured.channel,
    link: { ...measured.link },
    confidence,
    interval,
    seed,
    ebNoDb: [...measured.ebNoDb],
    simulated: measured.measured as unknown as JsonObject[],
    known: measured.known as unknown as JsonObject[],
  };
}

const HEAD = "curve,ebno_db,bler,bler_low,bler_high,ber,blocks,block_errors,bit_errors,kind";

/** A row for each point of each curve. */
export function measuredCsv({ measured, known, ebNoDb }: Measured): string {
  const rows = measured.flatMap(({ name, points }) =>
    points.map(({ ebNoDb: x, bler, blerInterval: [low, high], ber, blocks, blockErrors, bitErrors }) =>
      [quoted(name), x, bler, low, high, ber, blocks, blockErrors, bitErrors, "simulated"].join(","),
    ),
  );
  const lines = known.flatMap(({ name, standing, rates }) =>
    rates.map((rate, at) => `${quoted(name)},${ebNoDb[at]},${rate},,,,,,,${standing}`),
  );
  return `${[HEAD, ...rows, ...lines].join("\n")}\n`;
}

/** A block of lines for each curve that was simulated, and a table of those that are known. */
export function measuredLines({ measured, known, ebNoDb }: Measured): string[] {
  const head = ["Eb/N0, dB", "BLER", "from", "to", "BER", "wrong", "blocks"];
  const tables = measured.flatMap(({ name, points }) => [
    name,
    ...columns(
      head,
      points.map(({ ebNoDb: x, bler, blerInterval: [low, high], ber, blockErrors, blocks }) => [
        ...[String(x), ...[bler, low, high, ber].map(rateText), grouped(blockErrors), grouped(blocks)],
      ]),
    ).map((line) => `  ${line}`),
  ]);
  return [
    ...tables,
    ...(known.length > 0 ? ["by formula", ...tableLines(ebNoDb, known).map((line) => `  ${line}`)] : []),
  ];
}

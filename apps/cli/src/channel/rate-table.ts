/** Error rates by Eb/N0 as lines, as CSV and as a chart. */
import { ebNoFromDb } from "@isthmus/channel";
import { UsageError } from "@isthmus/command-line/node";
import type { JsonObject } from "@isthmus/graph";
import type { RateCurve } from "@isthmus/plot";
import { writeFileAtomic } from "@isthmus/data/node";
import { extname } from "node:path";
import { chartBytes, requireRaster } from "../raster.ts";
import type { KnownRate, Standing } from "./named-systems.ts";

/** What formulas say at each Eb/N0. */
export interface KnownCurve {
  readonly name: string;
  readonly standing: Standing;
  readonly rates: readonly number[];
}

export function knownCurve(name: string, { standing, of }: KnownRate, ebNoDb: readonly number[]): KnownCurve {
  return { name, standing, rates: ebNoDb.map((decibels) => of(ebNoFromDb(decibels))) };
}

const ENDINGS = [".svg", ".png", ".csv", ".json"] as const;

/** Throws `UsageError` unless rates can be written to a file of this name. */
export async function requireRatesEnding(out: string): Promise<void> {
  if (!(ENDINGS as readonly string[]).includes(extname(out).toLowerCase()))
    throw new UsageError(`--out expected a name ending in ${ENDINGS.join(", ")}, got ${out}`);
  await requireRaster(out);
}

/** Whether a file of rates of this name is a chart. */
export function isRateChart(out: string | undefined): boolean {
  return out !== undefined && [".svg", ".png"].includes(extname(out).toLowerCase());
}

/** What is written to a file of rates, by its ending. */
export interface RatesContent {
  readonly csv: () => string;
  readonly json: () => JsonObject;
  readonly svg: () => Promise<string>;
}

export async function writeRates(out: string, content: RatesContent): Promise<void> {
  await writeFileAtomic(out, await ratesBytes(out, content));
}

async function ratesBytes(out: string, { csv, json, svg }: RatesContent): Promise<Uint8Array> {
  const ending = extname(out).toLowerCase();
  if (ending === ".csv") return new TextEncoder().encode(csv());
  if (ending === ".json") return new TextEncoder().encode(`${JSON.stringify(json(), null, 2)}\n`);
  return await chartBytes(out, await svg());
}

/** A column for each curve, its name and what it is above it. */
export function tableLines(ebNoDb: readonly number[], curves: readonly KnownCurve[]): string[] {
  const heads = curves.map(({ name, standing }) => (standing === "exact" ? name : `${name}: ${standing}`));
  const rows = ebNoDb.map((decibels, at) => [decibels, ...curves.map(({ rates }) => rateText(rates[at]!))].map(String));
  return columns(["Eb/N0, dB", ...heads], rows);
}

/** Right-justified below their heads. */
export function columns(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((text, column) => Math.max(text.length, ...rows.map((row) => row[column]!.length)));
  return [head, ...rows].map((row) => row.map((cell, column) => cell.padStart(widths[column]!)).join("  "));
}

/** Four digits, as probabilities are compared. */
export function rateText(rate: number): string {
  return Number.isFinite(rate) ? rate.toExponential(3) : "-";
}

export function tableCsv(ebNoDb: readonly number[], curves: readonly KnownCurve[]): string {
  const head = ["ebno_db", ...curves.map(({ name, standing }) => quoted(`${name} (${standing})`))];
  const rows = ebNoDb.map((decibels, at) => [decibels, ...curves.map(({ rates }) => rates[at])]);
  return `${[head, ...rows].map((row) => row.join(",")).join("\n")}\n`;
}

export function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

/** As the chart takes them: bounds dashed. */
export function drawnCurve({ name, standing, rates }: KnownCurve, ebNoDb: readonly number[]): RateCurve {
  const points = ebNoDb.map((x, at) => ({ x, rate: rates[at]! })).filter(({ rate }) => Number.isFinite(rate));
  return { name, points, line: standing === "exact" ? "solid" : "dashed" };
}

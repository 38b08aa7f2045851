import type { JsonObject } from "@isthmus/graph";

/** Where a command speaks: results on stdout, everything else on stderr. */
export interface Console {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
}

/** A command's result: data for `--json`, lines for people. */
export interface Report {
  readonly json: JsonObject;
  readonly lines: readonly string[];
}

/** Prints a report: with `json` exactly one JSON object, else its lines. */
export function printReport({ stdout }: Console, { json, lines }: Report, asJson: boolean): void {
  stdout.write(asJson ? `${JSON.stringify(json)}\n` : lines.map((line) => `${line}\n`).join(""));
}

/** A line for people that is no result: never on stdout. */
export function note({ stderr }: Console, line: string): void {
  stderr.write(`${line}\n`);
}

/** `1,234,567`. */
export function grouped(value: number): string {
  return value.toLocaleString("en-US");
}

/** Seconds as `0.4 s`, `38 s`, `1 min 40 s`, `2 h 05 min`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

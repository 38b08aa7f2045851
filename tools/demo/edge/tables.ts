import { CHANNELS, pumpRow } from "./pump.ts";

/** What a device encoded and what of it went over the line. */
export interface Sent {
  readonly device: string;
  readonly what: string;
  /** Four bytes a number, one a pixel. */
  readonly rawBytes: number;
  /** As people would have sent it: CSV text, or PNG files. */
  readonly usual: string;
  readonly usualBytes: number;
  /** Bodies that the agent sent: streams, with device, sequence, time and checksum of each. */
  readonly sentBytes: number;
}

/** A line for each device. */
export function sentTable(all: readonly Sent[]): string[] {
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => (i < 2 ? cell.padEnd([11, 34][i]!) : cell.padStart(15))).join("");
  const bytes = (value: number): string => value.toLocaleString("en");
  return [
    line(["device", "", "raw, bytes", "usual, bytes", "sent, bytes", "raw : sent"]),
    ...all.map(({ device, what, rawBytes, usual, usualBytes, sentBytes }) =>
      line([
        ...[device, what, bytes(rawBytes), `${usual} ${bytes(usualBytes)}`, bytes(sentBytes)],
        `${(rawBytes / sentBytes).toFixed(1)} : 1`,
      ]),
    ),
  ];
}

/** Of each channel, what was measured and what came back in the first rows, and the error over all rows. */
export function pumpTable(first: number, decoded: readonly number[]): string[] {
  const line = (name: string, cells: readonly string[]): string =>
    `${name.padEnd(30)}${cells.map((cell) => cell.padStart(20)).join("")}`;
  const rows = decoded.length / CHANNELS.length;
  const measured = Array.from({ length: rows }, (_, i) => pumpRow(first + i)).flat();
  const shown = [0, 20, 40].map((row) =>
    line(
      `row ${row}: measured, decoded`,
      CHANNELS.map((_, channel) => {
        const at = row * CHANNELS.length + channel;
        return `${measured[at]!.toFixed(2)}  ${decoded[at]!.toFixed(2)}`;
      }),
    ),
  );
  const errors = CHANNELS.map((_, channel) => {
    const own = measured.flatMap((value, i) =>
      i % CHANNELS.length === channel ? [[value, decoded[i]!] as const] : [],
    );
    const mean = own.reduce((sum, [value]) => sum + value, 0) / rows;
    const rms = (of: (pair: readonly [number, number]) => number): number =>
      Math.sqrt(own.reduce((sum, pair) => sum + of(pair) ** 2, 0) / rows);
    const [error, spread] = [rms(([a, b]) => a - b), rms(([a]) => a - mean)];
    return `${error.toFixed(3)} of ${spread.toFixed(3)}`;
  });
  return [line("", CHANNELS), ...shown, line("rms error, of the deviation", errors)];
}

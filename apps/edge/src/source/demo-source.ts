import type { BundleUnits } from "@isthmus/edge";
import { randomNormal } from "@isthmus/math";
import { pause } from "../bell.ts";
import type { DemoConfig } from "../config/config.ts";
import { type Row, type Sink, type Source, wallClock } from "./source.ts";

/** How often rows are given. */
const TICK_MS = 50;

/** A signal made by a formula, for trying things out: swings of several periods with some noise, and now and then a jolt. Row k is the same in every run. */
export class DemoSource implements Source {
  readonly name = "demo";
  readonly #config: DemoConfig;
  readonly #units: () => BundleUnits | undefined;

  /** @param units of the model: the signal is brought into these */
  constructor(config: DemoConfig, units: () => BundleUnits | undefined) {
    this.#config = config;
    this.#units = units;
  }

  async run(sink: Sink, from: Readonly<Record<string, unknown>> | undefined, stop: AbortSignal): Promise<void> {
    const { rate, rows = Infinity } = this.#config;
    const first = typeof from?.["row"] === "number" ? from["row"] : 0;
    const begin = performance.now();
    for (let row = first; row < rows && !stop.aborted;) {
      const due = Math.min(rows, first + Math.floor(((performance.now() - begin) / 1000) * rate) + 1);
      const count = Math.min(due - row, 1000);
      if (count > 0) await sink.rows(Array.from({ length: count }, (_, i) => this.#row(row + i)));
      row += Math.max(0, count);
      if (row >= due && row < rows) await pause(Math.max(TICK_MS, 1000 / rate), stop);
    }
  }

  #row(row: number): Row {
    const { signals } = this.#config;
    const units = this.#units();
    const values = Float64Array.from({ length: signals }, (_, signal) =>
      inUnits(demoSignal(row, signal), units, signal),
    );
    return { values, time: wallClock(), at: { row }, behind: { row: row + 1 } };
  }
}

function inUnits(value: number, units: BundleUnits | undefined, signal: number): number {
  if (!units) return Math.min(1, Math.max(0, 0.5 + value / 6));
  const at = units.offsets.length === 1 ? 0 : signal % units.offsets.length;
  return units.offsets[at]! + units.scales[at]! * value;
}

/** Row `row` of signal `signal`: mean 0, of a size of about 1. */
function demoSignal(row: number, signal: number): number {
  const phase = row + 37 * signal;
  const swing = 0.9 * Math.sin((2 * Math.PI * phase) / 50) + 0.4 * Math.sin((2 * Math.PI * phase) / (13 + signal));
  const jolt = phase % 997 < 5 ? 2 : 0;
  const noise = new Float32Array(1);
  randomNormal(noise, { seed: signal, stream: "demo", step: row });
  return swing + jolt + 0.1 * noise[0]!;
}

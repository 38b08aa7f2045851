/** The series of `codec-sensors`: a real one from an npm data package, and a vibration that is made here. */
import { readFileSync } from "node:fs";
import type { Dataset } from "@isthmus/data";

/**
 * A series in windows, in standard deviations about the mean of its `known` part. Time is cut into blocks, of each four of which two are
 * known, the third is for choosing settings, and the last is for the test; no window reaches over the edge of its part.
 */
export interface SensorSeries {
  readonly name: string;
  readonly window: number;
  /** Windows that overlap, of the known part. */
  readonly known: Dataset;
  /** The same of all that is not for the test. */
  readonly train: Dataset;
  /** Windows one after the other, of the part that settings are chosen on. */
  readonly validation: Dataset;
  /** The same of the test's part. */
  readonly test: Dataset;
  /** Windows that overlap, of the test's part: many more. */
  readonly overlapping: Dataset;
}

interface Cut {
  readonly name: string;
  readonly samples: Float64Array;
  readonly window: number;
  /** Samples of a block of time. */
  readonly block: number;
  /** Between two windows that overlap. */
  readonly stride: number;
}

const KNOWN = [0, 1];
const VALIDATION = 2;
const TEST = 3;

function series({ name, samples, window, block, stride }: Cut): SensorSeries {
  const blocks = Array.from({ length: Math.floor(samples.length / block) }, (_, i) => i);
  const isOf = (places: readonly number[]) => (i: number) => places.includes(i % 4);
  const known = blocks.filter(isOf(KNOWN)).flatMap((i) => [...samples.subarray(i * block, (i + 1) * block)]);
  const mean = known.reduce((sum, x) => sum + x, 0) / known.length;
  const deviation = Math.sqrt(known.reduce((sum, x) => sum + (x - mean) ** 2, 0) / known.length);
  const windows = (places: readonly number[], every: number): Dataset => {
    const starts = runs(blocks.filter(isOf(places))).flatMap(([from, to]) => {
      return windowsIn(from * block, to * block, window, every);
    });
    const values = starts.flatMap((start) => [...samples.subarray(start, start + window)]);
    return {
      ...{ name, items: starts.length, shape: [window], scale: 1, provenance: { source: name } },
      values: Float32Array.from(values, (x) => (x - mean) / deviation),
    };
  };
  return {
    ...{ name, window },
    known: windows(KNOWN, stride),
    train: windows([...KNOWN, VALIDATION], stride),
    validation: windows([VALIDATION], window),
    test: windows([TEST], window),
    overlapping: windows([TEST], stride),
  };
}

function windowsIn(from: number, to: number, window: number, stride: number): number[] {
  const starts: number[] = [];
  for (let start = from; start + window <= to; start += stride) starts.push(start);
  return starts;
}

/** Blocks that follow each other: from the first up to, without, the last. */
function runs(blocks: readonly number[]): [number, number][] {
  const found: [number, number][] = [];
  for (const i of blocks) {
    const last = found.at(-1);
    if (last && last[1] === i) last[1] = i + 1;
    else found.push([i, i + 1]);
  }
  return found;
}

/**
 * Temperature in Seattle of each hour of the year, 1981 to 2010 normals of NOAA's National Centers for Environmental
 * Information (a work of the United States government), as `vega-datasets` ships it: 8,759 samples to a tenth of a degree.
 */
export function seattleTemperature(): SensorSeries {
  const file = new URL("../data/seattle-weather-hourly-normals.csv", import.meta.resolve("vega-datasets"));
  const [header, ...rows] = readFileSync(file, "utf8").trim().split("\n");
  const column = header!.split(",").indexOf("temperature");
  const samples = Float64Array.from(rows, (row) => Number(row.split(",")[column]));
  return series({ name: "Seattle", samples, window: 24, block: 168, stride: 1 });
}

const RATE = 16_000;

/**
 * A machine's vibration as 12-bit samples at 16 kHz: a shaft of about 29 Hz that wanders, four of its harmonics, a bearing
 * that is hit 3.6 times a turn and rings at 3.1 kHz for a millisecond, and white noise.
 */
export function vibration(count: number): SensorSeries {
  const uniform = uniforms(29);
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  let [turn, speed, sinceHit] = [0, 29, 1];
  const samples = Float64Array.from({ length: count }, () => {
    speed += 0.02 * normal() - 1e-4 * (speed - 29);
    const before = Math.floor(3.6 * turn);
    turn += speed / RATE;
    sinceHit = Math.floor(3.6 * turn) > before ? 0 : sinceHit + 1 / RATE;
    const shaft = [1, 0.5, 0.3, 0.2].reduce(
      (sum, size, k) => sum + size * Math.sin(2 * Math.PI * (k + 1) * turn + k),
      0,
    );
    const ringing = 1.5 * Math.exp(-sinceHit / 1e-3) * Math.sin(2 * Math.PI * 3100 * sinceHit);
    return Math.max(-2048, Math.min(2047, Math.round(500 * (shaft + ringing + 0.05 * normal()))));
  });
  return series({ name: "vibration", samples, window: 64, block: 4096, stride: 8 });
}

/** A 32-bit linear congruential generator (Numerical Recipes, 1992), in (0, 1). */
function uniforms(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
}

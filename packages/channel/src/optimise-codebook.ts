/** Codebooks by descent on a formula, without a network: what learned ones are held to. */
import { randomNormal } from "@isthmus/math";
import { requireNumber, requireWhole } from "./checks.ts";
import { codebook, type Codebook } from "./codebook.ts";
import { noiseNodes } from "./information.ts";
import { logUnionBound, negativeInformation, type Objective } from "./objectives.ts";
import { dimensions, ebNoFromDb, noiseDeviation } from "./units.ts";

export interface OptimiseOptions {
  /** Bits: 2^k points. */
  readonly k: number;
  readonly n: number;
  /** Default: false. */
  readonly complex?: boolean;
  /** Where it shall be good, dB. */
  readonly ebNoDb: number;
  /**
   * `unionBound`: few wrong blocks, at Eb/N0 where the bound is near the truth. `information` and `bitwiseInformation`: many bits, in at most two
   * real dimensions; the second for the labels 0, 1, ..., which thereby are chosen, too. Default: `unionBound`.
   */
  readonly objective?: "unionBound" | "information" | "bitwiseInformation";
  /** Every point of the same energy, or the mean over points. Default: `energy`. */
  readonly normalize?: "energy" | "average";
  /** Begin from this codebook's points and labels, moved at random, instead of from random points. */
  readonly from?: Codebook;
  /** Starts, of which the best is kept. Default: 8. */
  readonly restarts?: number;
  /** Steps of each. Default: 3,000. */
  readonly steps?: number;
  /** Nodes of the quadrature in each dimension, of information alone. Default: 12. */
  readonly nodes?: number;
  /** Default: 1. */
  readonly seed?: number;
  /** Called after each start with what it reached. */
  readonly progress?: (restart: number, value: number) => void;
  readonly signal?: AbortSignal;
}

export interface OptimisedCodebook {
  readonly codebook: Codebook;
  /** What the best start reached: the union bound, or bits. */
  readonly value: number;
  /** What each did, in order. */
  readonly values: readonly number[];
}

/**
 * Adam (Kingma and Ba 2015) on the points, whose power is restored in every step, at a rate that falls to 0 by a cosine. The objective has many local optima:
 * what is found is the best of `restarts`, not proven to be the best there is.
 *
 * @throws TypeError, RangeError naming an option; the signal's reason.
 */
export async function optimiseCodebook(options: OptimiseOptions): Promise<OptimisedCodebook> {
  const { restarts = 8, steps = 3000, signal } = options;
  requireWhole("restarts", restarts, 1);
  requireWhole("steps", steps, 1);
  const task = taskOf(options);
  const found: { points: Float64Array; value: number }[] = [];
  for (let restart = 0; restart < restarts; restart++) {
    const raw = startOf(task, options, restart);
    const descent = new Descent(task, raw);
    for (let step = 0; step < steps; step++) {
      descent.step((RATE / 2) * (1 + Math.cos((Math.PI * step) / steps)));
      if (step % TURN !== 0) continue;
      await new Promise((resolve) => setTimeout(resolve, 0));
      signal?.throwIfAborted();
    }
    found.push({ points: descent.points, value: task.readable(descent.value()) });
    options.progress?.(restart, found.at(-1)!.value);
  }
  const values = found.map(({ value }) => value);
  const best = found[values.indexOf(task.isLess ? Math.min(...values) : Math.max(...values))]!;
  return { codebook: bookOf(task, options, best.points), value: best.value, values };
}

/** Of Adam, for points of unit power. */
const RATE = 0.03;
/** How far a given codebook's points are moved at first. */
const MOVED = 0.05;
/** Steps after which others get their turn. */
const TURN = 50;

/** What is asked for, checked. */
interface Task {
  readonly size: number;
  readonly columns: number;
  readonly uses: number;
  readonly byPoint: boolean;
  readonly labels: Uint32Array;
  readonly objective: Objective;
  /** The objective as people know it, and whether less of that is better. */
  readonly readable: (value: number) => number;
  readonly isLess: boolean;
}

function taskOf(options: OptimiseOptions): Task {
  const { k, n, complex = false, ebNoDb, objective = "unionBound", normalize = "energy", nodes = 12, from } = options;
  requireWhole("k", k, 1, 12);
  requireNumber("ebNoDb", ebNoDb);
  const link = { k, n, complex };
  const [size, columns] = [2 ** k, dimensions(link)];
  if (from !== undefined && (from.size !== size || dimensions(from) !== columns)) {
    throw new RangeError(
      `"from" expected ${size} points of ${columns} dimensions, got ${from.size} of ${dimensions(from)}`,
    );
  }
  if (normalize !== "energy" && normalize !== "average") {
    throw new RangeError(`"normalize" expected energy or average, got ${String(normalize)}`);
  }
  const sigma = noiseDeviation(ebNoFromDb(ebNoDb), link);
  const labels = from?.labels ?? Uint32Array.from({ length: size }, (_, i) => i);
  const shared = { size, columns, uses: n, byPoint: normalize === "energy", labels };
  const information = (bits?: Uint32Array): Task => ({
    ...shared,
    objective: negativeInformation(noiseNodes(columns, nodes), size, sigma, bits),
    readable: (value) => -value,
    isLess: false,
  });
  switch (objective) {
    case "unionBound":
      return { ...shared, objective: logUnionBound(size, columns, sigma), readable: Math.exp, isLess: true };
    case "information":
      return information();
    case "bitwiseInformation":
      return information(labels);
    default:
      throw new RangeError(
        `"objective" expected unionBound, information or bitwiseInformation, got ${String(objective satisfies never)}`,
      );
  }
}

/** Random points, or given ones moved. */
function startOf({ size, columns }: Task, { from, seed = 1 }: OptimiseOptions, restart: number): Float64Array {
  requireWhole("seed", seed, 0);
  const noise = new Float32Array(size * columns);
  randomNormal(noise, { seed, stream: "optimise", step: restart });
  if (from === undefined) return Float64Array.from(noise);
  return from.points.map((x, at) => x + MOVED * noise[at]!);
}

/** Parameters are points before their power is restored. */
class Descent {
  readonly points: Float64Array;
  readonly #task: Task;
  readonly #raw: Float64Array;
  readonly #gradient: Float64Array;
  readonly #m: Float64Array;
  readonly #v: Float64Array;
  #steps = 0;

  constructor(task: Task, raw: Float64Array) {
    [this.#task, this.#raw] = [task, raw];
    this.points = raw.slice();
    this.#gradient = new Float64Array(raw.length);
    this.#m = new Float64Array(raw.length);
    this.#v = new Float64Array(raw.length);
    this.#restorePower();
  }

  value(): number {
    return this.#task.objective(this.points, this.#gradient);
  }

  step(rate: number): void {
    this.value();
    this.#alongSphere();
    this.#steps++;
    const [first, second] = [1 - 0.9 ** this.#steps, 1 - 0.999 ** this.#steps];
    for (let i = 0; i < this.#raw.length; i++) {
      const g = this.#gradient[i]!;
      this.#m[i] = 0.9 * this.#m[i]! + 0.1 * g;
      this.#v[i] = 0.999 * this.#v[i]! + 0.001 * g * g;
      this.#raw[i] = this.points[i]! - (rate * this.#m[i]!) / first / (Math.sqrt(this.#v[i]! / second) + 1e-12);
    }
    this.#restorePower();
  }

  /** Spans that share a power: each point, or all of them. */
  #spans(visit: (from: number, to: number, energy: number) => void): void {
    const { size, columns, uses, byPoint } = this.#task;
    if (!byPoint) return visit(0, size * columns, size * uses);
    for (let m = 0; m < size; m++) visit(m * columns, (m + 1) * columns, uses);
  }

  #restorePower(): void {
    this.#spans((from, to, energy) => {
      let sum = 0;
      for (let i = from; i < to; i++) sum += this.#raw[i]! ** 2;
      const scale = Math.sqrt(energy / sum);
      for (let i = from; i < to; i++) this.points[i] = this.#raw[i]! * scale;
    });
  }

  /** Takes out of the gradient what would only change the power. */
  #alongSphere(): void {
    this.#spans((from, to, energy) => {
      let along = 0;
      for (let i = from; i < to; i++) along += this.#gradient[i]! * this.points[i]!;
      for (let i = from; i < to; i++) this.#gradient[i]! -= (along / energy) * this.points[i]!;
    });
  }
}

function bookOf({ columns, labels }: Task, { k, n, complex = false }: OptimiseOptions, points: Float64Array): Codebook {
  const rows = Array.from({ length: 2 ** k }, (_, m) => points.subarray(m * columns, (m + 1) * columns));
  return codebook(rows, { name: `optimised (${n},${k})`, complex, labels });
}

import type { ArrayOps } from "../array-ops.ts";
import { kindOf, requireKind, requireOperands } from "../arguments.ts";
import { formatShape } from "../nd-array.ts";
import { broadcastShape } from "./broadcast.ts";
import type { Dim } from "./broadcast.ts";
import type { Distribution } from "./distribution.ts";

/** The numbers that a parameter may hold, in words and as a test. */
export interface Domain {
  readonly words: string;
  readonly holds: (value: number) => boolean;
}

export const FINITE: Domain = { words: "finite numbers", holds: Number.isFinite };
export const POSITIVE: Domain = { words: "positive finite numbers", holds: (value) => value > 0 && value < Infinity };
export const WHOLE: Domain = {
  words: "non-negative integers",
  holds: (value) => Number.isSafeInteger(value) && value >= 0,
};

/** What a constructor asks of its parameters, by name. */
export type Domains<P> = Readonly<Record<keyof P & string, Domain>>;

/**
 * The door of a distribution: each parameter is an array, in its domain where its values are known, and the parameters'
 * shapes broadcast where they are known.
 *
 * @throws TypeError, RangeError naming `family.parameter`.
 */
export function requireParameters<T, P extends Readonly<Record<keyof P, T>>>(
  ops: ArrayOps<T>,
  family: string,
  parameters: P,
  domains: Domains<P>,
): void {
  let common: readonly Dim[] = [];
  for (const [name, domain] of Object.entries<Domain>(domains)) {
    const full = `${family}.${name}`;
    const parameter = parameters[name as keyof P];
    requireOperands({ [full]: parameter });
    requireValues(ops, full, parameter, domain);
    common = broadcastShape(full, common, ops.shape(parameter));
  }
}

/** @throws RangeError naming the argument and the first value that is known and not in the domain. */
export function requireValues<T>(ops: ArrayOps<T>, name: string, x: T, { words, holds }: Domain): void {
  const values = ops.values?.(x);
  const at = values === undefined ? -1 : Array.prototype.findIndex.call(values, (value: number) => !holds(value));
  if (at >= 0) throw new RangeError(`"${name}" expected ${words}, got ${values?.[at]} at element ${at}`);
}

/** @throws RangeError naming the argument when its shape without its last `rank` axes does not broadcast with `batch`. */
export function requireBatch<T>(ops: ArrayOps<T>, name: string, x: T, rank: number, batch: readonly Dim[]): void {
  const shape = ops.shape(x);
  broadcastShape(name, batch, shape.slice(0, Math.max(shape.length - rank, 0)));
}

/** @throws RangeError naming the argument when it has fewer than `rank` axes. */
export function requireRank<T>(ops: ArrayOps<T>, name: string, x: T, rank: number): void {
  const shape = ops.shape(x);
  if (shape.length >= rank) return;
  const words = rank === 1 ? "an event on its last axis" : `events on its last ${rank} axes`;
  throw new RangeError(`"${name}" expected ${words}, got shape ${formatShape(shape)}`);
}

/** @throws TypeError naming the argument unless it is a record with a family. */
export function requireDistribution<T>(name: string, value: Distribution<T>): void {
  requireKind(name, value, "Object");
  if (typeof value.family === "string") return;
  throw new TypeError(
    `"${name}" expected a distribution with a "family", got ${kindOf((value as object)["family" as never])}`,
  );
}

/**
 * Whole numbers near others. The graph cannot round, but it can compare: the binary digits of the absolute value are found from
 * the highest to the lowest, each subtraction exact.
 */
import type { GraphBuilder, Node } from "@isthmus/graph";

/** Numbers of float32 from 2^23 on have no fraction. */
const DIGITS = 23;

/** The nearest whole number, of two the even one. `digits` is how many binary ones it has at most. */
export function rounded(build: GraphBuilder, x: Node, digits: number = digitsOf(build, x)): Node {
  return ofParts(build, x, digits, ({ whole, rest, last }) => {
    const half = build.scalar(0.5);
    const up = build.add(build.greater(rest, half), build.mul(build.equal(rest, half), last));
    return build.mul(build.sign(x), build.add(whole, up));
  });
}

/** The whole number next to it on the way to 0. */
export function truncated(build: GraphBuilder, x: Node): Node {
  return ofParts(build, x, digitsOf(build, x), ({ whole }) => build.mul(build.sign(x), whole));
}

/** The largest whole number that is not larger. */
export function floored(build: GraphBuilder, x: Node): Node {
  const toZero = truncated(build, x);
  return build.sub(toZero, build.greater(toZero, x));
}

/** The least whole number that is not smaller. */
export function ceiled(build: GraphBuilder, x: Node): Node {
  const toZero = truncated(build, x);
  return build.add(toZero, build.less(toZero, x));
}

/** Of an absolute value: its whole part, what is left of it, and the last digit of the whole part. */
interface Parts {
  readonly whole: Node;
  readonly rest: Node;
  readonly last: Node;
}

function ofParts(build: GraphBuilder, x: Node, digits: number, make: (parts: Parts) => Node): Node {
  if (digits <= DIGITS) return make(partsOf(build, x, digits));
  const isWhole = build.greaterEqual(build.abs(x), build.scalar(2 ** DIGITS));
  return build.select(isWhole, x, make(partsOf(build, x, DIGITS)));
}

function partsOf(build: GraphBuilder, x: Node, digits: number): Parts {
  let rest = build.abs(x);
  let [whole, last] = [build.scalar(0), build.scalar(0)];
  for (let digit = digits - 1; digit >= 0; digit--) {
    const weight = build.scalar(2 ** digit);
    last = build.greaterEqual(rest, weight);
    const part = build.mul(last, weight);
    whole = build.add(whole, part);
    rest = build.sub(rest, part);
  }
  return { whole, rest, last };
}

/** Of the whole part of a number; infinite where nothing is known of its size. */
function digitsOf(build: GraphBuilder, x: Node): number {
  const [least, largest] = rangeOf(build, x, CLAMPS);
  return Math.ceil(Math.log2(Math.max(1, Math.abs(least), Math.abs(largest)) + 1));
}

/** A clamp is a minimum of a maximum. */
const CLAMPS = 2;

/** Between what a number was kept by minima and maxima with constants, so many of them looked at. */
function rangeOf(build: GraphBuilder, x: Node, depth: number): Pair {
  const constant = build.values(x);
  if (constant?.length === 1) return [constant[0]!, constant[0]!];
  const choose = { minimum: Math.min, maximum: Math.max }[x.op];
  if (!choose || depth === 0) return [-Infinity, Infinity];
  const [a, b] = build.inputsOf(x).map((input) => rangeOf(build, input, depth - 1)) as [Pair, Pair];
  return [choose(a[0], b[0]), choose(a[1], b[1])];
}

type Pair = readonly [least: number, largest: number];

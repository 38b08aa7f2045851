import {
  type DType,
  GraphBuilder,
  elementCount,
  interpret,
  type Node,
  type Program,
  type Shape,
  vjp,
} from "../../src/index.ts";
import { expectWithin } from "./close.ts";

export const BATCH = 3;

/** A function of the graph under test, its inputs' shapes and values. */
export interface Case {
  readonly name: string;
  readonly shapes: readonly Shape[];
  /** One per input. Default: anywhere in (0.2, 1.8) with either sign, so away from 0. */
  readonly values?: readonly (readonly number[])[];
  /** Magnitudes only, for functions of positive numbers. */
  readonly positive?: boolean;
  /** How many of the inputs, the first ones, are differentiated. Default: all. */
  readonly differentiated?: number;
  /** Types of the inputs. Default: float32. */
  readonly dtypes?: readonly DType[];
  readonly f: (build: GraphBuilder, inputs: readonly Node[]) => Node;
}

/** A fixed sequence in (0, 1), so that a failure repeats. */
function uniforms(seed: number): () => number {
  let state = (seed * 2_654_435_761 + 12_345) >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
}

function randomValues(count: number, next: () => number, positive = false): Float64Array {
  return Float64Array.from({ length: count }, () => (0.2 + 1.6 * next()) * (positive || next() < 0.5 ? 1 : -1));
}

export function inputValues({ shapes, values, positive }: Case, seed: number): Float64Array[] {
  const next = uniforms(seed);
  return shapes.map((shape, i) =>
    values ? Float64Array.from(values[i]!) : randomValues(elementCount(shape, BATCH), next, positive),
  );
}

/**
 * The scalar `sum(w f)` with distinct weights, so that no component of a derivative is lost: constants that differ
 * along every axis but the batch, times an input that differs along it.
 */
function weightedSum(build: GraphBuilder, y: Node): Node {
  const next = uniforms(98);
  const inner = y.shape.map((dim) => (dim === "batch" ? 1 : dim));
  const constants = build.constant(
    inner,
    Array.from({ length: elementCount(inner) }, () => 0.5 + next()),
  );
  const weighted = build.mul(y, constants);
  const axis = y.shape.indexOf("batch");
  if (axis < 0) return build.sum(weighted);
  const shape = y.shape.map((dim, i) => (i === axis ? dim : 1));
  return build.sum(build.mul(weighted, build.input("perItem", shape)));
}

const perItem = Float64Array.from({ length: BATCH }, (_, i) => 0.7 + 0.45 * i);

function run(
  program: Program,
  names: readonly string[],
  values: readonly Float64Array[],
): Record<string, Float64Array> {
  const named = Object.fromEntries(names.map((name, i) => [name, values[i]!]));
  const inputs = Object.fromEntries(Object.keys(program.inputs).map((name) => [name, named[name] ?? perItem]));
  const { outputs } = interpret(program, { inputs, state: {}, batch: BATCH });
  return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, value.data]));
}

/**
 * Central differences D(h), extrapolated (Richardson): (4 D(h) - D(2h)) / 3 = f' + O(h^4). What extrapolation removed,
 * |D(h) - D(2h)| / 3, is the h^2 term; the next one is smaller by h^2 times a ratio of derivatives, so a hundredth of
 * it bounds what is left. Rounding adds 3 eps |f| / h, where |f| is the function's value and its terms may be 100 times
 * larger.
 */
const STEP = 1e-3;

interface Estimate {
  readonly value: number;
  readonly error: number;
}

function centralDifference(f: (delta: number) => number): Estimate {
  const slope = (h: number) => (f(h) - f(-h)) / (2 * h);
  const [fine, coarse] = [slope(STEP), slope(2 * STEP)];
  const value = (4 * fine - coarse) / 3;
  const rounding = (300 * 2 ** -52 * (1 + Math.abs(f(0)))) / STEP;
  return { value, error: Math.abs(fine - coarse) / 300 + rounding };
}

function centralDifferences(
  evaluate: (values: readonly Float64Array[]) => number,
  values: readonly Float64Array[],
): Estimate[][] {
  return values.map((own, which) =>
    Array.from(own, (_, element) => {
      const moved = (delta: number) => own.map((value, j) => (j === element ? value + delta : value));
      return centralDifference((delta) => evaluate(values.map((x, i) => (i === which ? moved(delta) : x))));
    }),
  );
}

function expectDerivatives(
  program: Program,
  of: string,
  wrt: readonly string[],
  names: readonly string[],
  values: readonly Float64Array[],
): void {
  const exact = run(program, names, values);
  const differentiated = values.slice(0, wrt.length);
  const rest = values.slice(wrt.length);
  const numeric = centralDifferences((moved) => run(program, names, [...moved, ...rest])[of]![0]!, differentiated);
  wrt.forEach((name, i) => {
    expectWithin(
      exact[name]!,
      numeric[i]!.map(({ value }) => value),
      (j) => numeric[i]![j]!.error,
      name,
    );
  });
}

/** Names of the inputs of a case in the programs made of it. */
const inputNames = (test: Case): string[] => test.shapes.map((_, i) => `x${i}`);

/** The first derivative of `sum(w f)` against central differences of it. */
export function checkFirst(test: Case, seed = 1): void {
  const build = new GraphBuilder();
  const names = inputNames(test);
  const inputs = test.shapes.map((shape, i) => build.input(names[i]!, shape, test.dtypes?.[i]));
  const loss = weightedSum(build, test.f(build, inputs));
  const wrt = inputs.slice(0, test.differentiated ?? inputs.length);
  const gradients = vjp(build, [loss], wrt, [build.scalar(1)]);
  const outputs = { loss, ...Object.fromEntries(gradients.map((g, i) => [`d${i}`, g])), ...used(names, inputs) };
  expectDerivatives(
    build.program({ outputs }),
    "loss",
    wrt.map((_, i) => `d${i}`),
    names,
    inputValues(test, seed),
  );
}

/** Every input as an output, so that the program keeps those that no derivative needs. */
function used(names: readonly string[], inputs: readonly Node[]): Record<string, Node> {
  return Object.fromEntries(inputs.map((input, i) => [`use.${names[i]}`, input]));
}

/** The derivative of `sum(w' f')`, where f' is the first derivative, against central differences of that. */
export function checkSecond(test: Case, seed = 1): void {
  const build = new GraphBuilder();
  const names = inputNames(test);
  const inputs = test.shapes.map((shape, i) => build.input(names[i]!, shape, test.dtypes?.[i]));
  const wrt = inputs.slice(0, test.differentiated ?? inputs.length);
  const loss = weightedSum(build, test.f(build, inputs));
  const first = vjp(build, [loss], wrt, [build.scalar(1)]);
  // Squares, so that the second derivative's cotangent depends on the first derivative.
  const penalty = first.map((g) => build.sum(build.add(build.square(g), g))).reduce((a, b) => build.add(a, b));
  const second = vjp(build, [penalty], wrt, [build.scalar(1)]);
  const outputs = { penalty, ...Object.fromEntries(second.map((g, i) => [`d${i}`, g])), ...used(names, inputs) };
  expectDerivatives(
    build.program({ outputs }),
    "penalty",
    wrt.map((_, i) => `d${i}`),
    names,
    inputValues(test, seed),
  );
}

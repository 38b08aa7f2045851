import { broadcastShapes, type Dim, elementCount, GraphBuilder, interpret, type Node } from "@isthmus/graph";
import { roundHalfEven } from "@isthmus/math";
import { BOOL } from "../data-types.ts";
import { plain, type Value } from "./flow.ts";
import { expandKnown, isWhole, type Known } from "./known.ts";
import type { Destination, NodeReader } from "./node-reader.ts";
import { ceiled, floored, rounded } from "./rounding.ts";
import type { Translation, Translations } from "./translations.ts";

/** A graph for what does not depend on a run: what is placed there is fed, and the results are computed at once. */
export class Scratch implements Destination {
  readonly build: GraphBuilder = new GraphBuilder();
  private readonly inputs: Record<string, Float64Array> = {};

  place(known: Known): Node {
    const name = `known${Object.keys(this.inputs).length}`;
    this.inputs[name] = Float64Array.from(known.data as ArrayLike<number>);
    return this.build.input(name, known.shape);
  }

  placed(): undefined {
    return undefined;
  }

  /** The values as numbers, under the names that the file has for them. */
  computed(values: readonly Value[], names: readonly string[]): Known[] {
    return values.map((value, i) => (value.kind === "known" ? value : this.compute(names[i] ?? "", value)));
  }

  private compute(name: string, value: Exclude<Value, Known>): Known {
    const program = this.build.program({ outputs: { y: plain(this.build, value) } });
    const inputs = Object.fromEntries(Object.keys(program.inputs).map((input) => [input, this.inputs[input]!]));
    const { shape, data } = interpret(program, { inputs, state: {}, batch: 1 }).outputs["y"]!;
    const { elementType } = value;
    return { kind: "known", name, elementType, shape, data: isWhole(elementType) ? data : Float32Array.from(data) };
  }
}

/** A function of integers, one of which may be the size of the batch; nothing where only a run knows the result. */
type Exact = (...values: readonly Dim[]) => Dim | undefined;

const ofNumbers =
  (formula: (...values: number[]) => number): Exact =>
  (...values) =>
    values.includes("batch") ? undefined : formula(...(values as number[]));

/** Where the other operand changes nothing, the size of the batch stays what it is. */
const withNeutral =
  (neutral: number, formula: (a: number, b: number) => number, isEitherSide = true): Exact =>
  (a, b) => {
    if (b === neutral) return a;
    if (isEitherSide && a === neutral) return b;
    return ofNumbers(formula)(a!, b!);
  };

/** A batch is no negative number and not 0. */
const equal: Exact = (a, b) => {
  if (a === b) return 1;
  const other = a === "batch" ? b : b === "batch" ? a : 0;
  return typeof other === "number" && other <= 0 ? 0 : undefined;
};

const arithmetic: Readonly<Record<string, Exact>> = {
  Abs: ofNumbers(Math.abs),
  Add: withNeutral(0, (a, b) => a + b),
  And: ofNumbers((a, b) => (a && b ? 1 : 0)),
  Div: withNeutral(1, (a, b) => Math.trunc(a / b), false),
  Equal: equal,
  Greater: ofNumbers((a, b) => (a > b ? 1 : 0)),
  GreaterOrEqual: ofNumbers((a, b) => (a >= b ? 1 : 0)),
  Less: ofNumbers((a, b) => (a < b ? 1 : 0)),
  LessOrEqual: ofNumbers((a, b) => (a <= b ? 1 : 0)),
  Max: ofNumbers(Math.max),
  Min: ofNumbers(Math.min),
  Mod: ofNumbers((a, b) => a - b * Math.floor(a / b)),
  Mul: withNeutral(1, (a, b) => a * b),
  Neg: ofNumbers((a) => -a),
  Not: ofNumbers((a) => (a ? 0 : 1)),
  Or: ofNumbers((a, b) => (a || b ? 1 : 0)),
  Sub: withNeutral(0, (a, b) => a - b, false),
  Where: (truth, a, b) => (truth === "batch" ? undefined : truth ? a : b),
};

const comparisons: ReadonlySet<string> = new Set(["Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"]);

/** Integers computed as integers: the arithmetic of shapes. Undefined where the values are floats or a run computes them. */
export function exactly(read: NodeReader): Known | undefined {
  const { opType } = read.node;
  const operands = read.given;
  if (!Object.hasOwn(arithmetic, opType) || !operands.every(isExact)) return undefined;
  if (opType === "Mod" && read.int("fmod", 0) !== 0) return undefined;
  const shape = read.made(
    operands.reduce<readonly number[]>(
      (common, { shape: own }) => broadcastShapes(opType, common, own) as readonly number[],
      [],
    ),
  );
  const stretched = operands.map((operand) => expandKnown(operand, shape).data);
  const data = Array.from({ length: elementCount(shape) }, (_, i): Dim => {
    const result = arithmetic[opType]!(...stretched.map((values) => values[i]!));
    return result ?? read.refuse("computes with the size of the batch, which only a run knows");
  });
  const elementType = comparisons.has(opType) ? BOOL : operands.at(-1)!.elementType;
  return { kind: "known", name: read.node.outputs[0] ?? "", elementType, shape, data };
}

function isExact(value: Value | undefined): value is Known {
  return value?.kind === "known" && isWhole(value.elementType);
}

/** A function of one number: of known ones at once, of others by what the graph has. */
const rounding =
  (formula: (value: number) => number, written: (build: GraphBuilder, x: Node) => Node): Translation =>
  (read) => {
    if (read.value(0).kind === "flow") return read.unary((x) => written(read.build, x));
    return { ...read.known(0), data: Float64Array.from(read.numbers(0), formula) };
  };

/** Whole numbers; a remainder only where nothing of it depends on a run. */
export const wholes: Translations = {
  Ceil: rounding(Math.ceil, ceiled),
  Floor: rounding(Math.floor, floored),
  Mod: (read) => read.refuse("has a remainder of floats, or of numbers that a run computes"),
  Round: rounding(roundHalfEven, rounded),
};

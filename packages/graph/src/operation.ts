import type { ArrayOps, NdArray } from "@isthmus/math";
import type { AttributeKind } from "./attributes.ts";
import type { GraphBuilder } from "./builder.ts";
import type { JsonObject, Node, TensorType } from "./ir.ts";

/** What the float64 interpreter knows while it evaluates a node. */
export interface ReferenceContext {
  readonly batch: number;
}

/** What every operation has: a name, a version that changes with its meaning, its arguments and its shape rule. */
interface Described {
  readonly name: string;
  readonly version: number;
  /** Names of the inputs, in order. */
  readonly operands: readonly string[];
  /** The last operand may stand any number of times, but once at least. */
  readonly variadic?: true;
  /** What each attribute must hold; all are required. */
  readonly attributes: Readonly<Record<string, AttributeKind>>;
  /**
   * The type of the result, of as many inputs and of attributes as declared. Throws `RangeError` or `TypeError`, naming
   * operation and argument, when they do not fit.
   */
  infer(inputs: readonly TensorType[], attributes: JsonObject): TensorType;
}

/** Makes a value from outside: an input, a state tensor, a constant, noise. Engines treat each by name. */
export interface Leaf extends Described {
  readonly tier: "leaf";
}

/** One cotangent per input; `undefined` where the derivative is zero everywhere it exists. */
export type Cotangents = readonly (Node | undefined)[];

/** Mandatory for every reader of graphs. Its derivative is made of operations that can be differentiated again. */
export interface Primitive extends Described {
  readonly tier: "primitive";
  /**
   * The cotangents of the inputs. `cotangent` broadcasts to the node's shape but may be smaller; so may the results,
   * towards their inputs' shapes.
   */
  derivative(build: GraphBuilder, node: Node, inputs: readonly Node[], cotangent: Node): Cotangents;
  reference(inputs: readonly NdArray[], node: Node, context: ReferenceContext): NdArray;
}

/** A formula over primitives that a reader may fuse or expand. */
export interface Composite extends Described {
  readonly tier: "composite";
  expand<T>(ops: ArrayOps<T>, inputs: readonly T[], attributes: JsonObject): T;
  /** A better derivative than the expansion's, if there is one. */
  derivative?(build: GraphBuilder, node: Node, inputs: readonly Node[], cotangent: Node): Cotangents;
}

export type Operation = Leaf | Primitive | Composite;

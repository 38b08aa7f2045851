/** A dimension: a fixed size, or the batch, whose size a run decides. */
export type Dim = number | "batch";
export type Shape = readonly Dim[];
export type DType = "f32" | "i32" | "u8";

/** What a value is: row-major, `[]` for a scalar. */
export interface TensorType {
  readonly shape: Shape;
  readonly dtype: DType;
}

export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** One value of a graph and the operation that makes it from earlier values. */
export interface Node extends TensorType {
  /** Position in its graph; inputs have smaller ids. */
  readonly id: number;
  readonly op: string;
  readonly inputs: readonly number[];
  readonly attributes: JsonObject;
  /** Hierarchical, for people and exporters: `encoder/dense0`. */
  readonly name?: string;
}

/** Where the first values of a state tensor come from. */
export type Initialiser =
  | { readonly kind: "zeros" }
  /** The same finite number everywhere. */
  | { readonly kind: "constant"; readonly value: number }
  /** Uniform in (-limit, limit). */
  | { readonly kind: "uniform"; readonly limit: number };

/** A tensor that outlives a run: a parameter, an optimiser slot, a running statistic. Always float32. */
export interface StateTensor {
  readonly shape: readonly number[];
  readonly init: Initialiser;
}
export type StateSpec = Readonly<Record<string, StateTensor>>;

/**
 * A network with its interface: what goes in, what state it reads, what comes out and which state it replaces.
 * All reads precede updates; updates commit only if `guard`, a scalar, is finite.
 */
export interface Program {
  readonly nodes: readonly Node[];
  /** Input name -> node id. */
  readonly inputs: Readonly<Record<string, number>>;
  readonly state: StateSpec;
  /** Output name -> node id. */
  readonly outputs: Readonly<Record<string, number>>;
  /** State name -> id of the node with its next value. */
  readonly updates: Readonly<Record<string, number>>;
  readonly guard?: number;
}

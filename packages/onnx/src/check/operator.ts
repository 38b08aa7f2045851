import type { AttributeValue } from "../messages.ts";
import type { NodeFacts, Outcome } from "./node-facts.ts";

/** How an operator is written from one operator set on. */
export interface Form {
  /** Default: the oldest set that is checked. */
  readonly since?: number;
  /** The letter of a type each; `?` behind one that may be left out, `*` behind one that may come any number of times. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Letter -> the element types that it may be. One letter is one type in the whole node. */
  readonly types: Readonly<Record<string, readonly number[]>>;
  /** Name -> type, with `!` behind that of one which must be there. */
  readonly attributes?: Readonly<Record<string, AttributeValue["type"] | `${AttributeValue["type"]}!`>>;
}

export interface Operator {
  /** The newest first. */
  readonly forms: readonly Form[];
  /** What the outputs are; none where nothing is known. Refuses inputs and attributes that do not go together. */
  readonly infer: (facts: NodeFacts) => readonly Outcome[];
}

export type Operators = Readonly<Record<string, Operator>>;

export function operator(forms: Form | readonly Form[], infer: Operator["infer"]): Operator {
  return { forms: [forms].flat() as readonly Form[], infer };
}

import type { AttributeValue } from "../messages.ts";
import { floats8, narrow } from "./element-types.ts";
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

/** A form that also takes types of fewer bits since an operator set: float8, and since 21 integers of 4 bits. */
export function narrower(since: number, form: Form, letters: readonly string[] = ["T"]): Form {
  const more = since < 21 ? floats8 : narrow;
  const types = letters.map((letter) => [letter, [...form.types[letter]!, ...more]] as const);
  return { ...form, since, types: { ...form.types, ...Object.fromEntries(types) } };
}

/** The forms of an operator that takes all types that its operator set knows. */
export function widening(form: Form): Form[] {
  return [narrower(21, form), narrower(19, form), form];
}

export function operator(forms: Form | readonly Form[], infer: Operator["infer"]): Operator {
  return { forms: [forms].flat() as readonly Form[], infer };
}

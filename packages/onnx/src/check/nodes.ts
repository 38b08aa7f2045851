import type { OnnxNode } from "../messages.ts";
import { typeName } from "../data-types.ts";
import type { Fact } from "./fact.ts";
import { defect, NodeFacts, type Outcome } from "./node-facts.ts";
import type { Form } from "./operator.ts";
import { formOf, operatorOf } from "./operators.ts";

/** What a node makes; refused where its operator, inputs, attributes or types are not what ONNX says. */
export function checkNode(node: OnnxNode, opset: number, given: readonly (Fact | undefined)[]): readonly Fact[] {
  const operator = node.domain === "" || node.domain === "ai.onnx" ? operatorOf(node.opType) : undefined;
  if (!operator) {
    const domain = node.domain ? ` of "${node.domain}"` : "";
    throw defect(node, `is an operator${domain} that is not known here`);
  }
  const form = formOf(operator, opset);
  if (!form) throw defect(node, `is not in operator set ${opset}`);
  checkCount(node, form.inputs, node.inputs, "inputs");
  checkCount(node, form.outputs, node.outputs, "outputs", /[?*]$/);
  checkAttributes(node, form);
  const bound = checkTypes(node, form, given);
  const made = operator.infer(new NodeFacts(node, opset, given));
  return node.outputs.map((_, i) => madeFact(node, form, { bound, outcome: made[i] ?? {}, index: i }));
}

type Bound = ReadonlyMap<string, number>;

interface Made {
  readonly bound: Bound;
  readonly outcome: Outcome;
  readonly index: number;
}

function madeFact(node: OnnxNode, form: Form, { bound, outcome, index }: Made): Fact {
  const letter = letterAt(form.outputs, index);
  const allowed = form.types[letter]!;
  const only = allowed.length === 1 ? allowed[0] : undefined;
  const type = outcome.type ?? bound.get(letter) ?? only;
  if (type !== undefined && !allowed.includes(type)) throw defect(node, `makes elements of type ${typeName(type)}`);
  return { type, shape: outcome.shape, values: outcome.values };
}

/** Of a list whose last letter may stand for several. */
function letterAt(letters: readonly string[], index: number): string {
  return letters[Math.min(index, letters.length - 1)]!.replace(/[?*]$/, "");
}

/** `open` are the letters of ports that may have no name: one of several outputs need not be wanted. */
function checkCount(
  node: OnnxNode,
  letters: readonly string[],
  names: readonly string[],
  what: string,
  open = /[?]$/,
): void {
  const most = letters.at(-1)?.endsWith("*") ? Number.POSITIVE_INFINITY : letters.length;
  const fewest = letters.filter((letter) => !letter.endsWith("?")).length;
  if (names.length < fewest || names.length > most) throw defect(node, `has ${names.length} ${what}`);
  const left = names.findIndex((name, i) => name === "" && !open.test(letters[Math.min(i, letters.length - 1)]!));
  if (left >= 0) throw defect(node, `leaves out one of its ${what}, number ${left}`);
}

function checkAttributes(node: OnnxNode, { attributes: known = {} }: Form): void {
  for (const [name, value] of Object.entries(node.attributes)) {
    const type = Object.hasOwn(known, name) ? known[name]!.replace("!", "") : undefined;
    if (!type || type !== value?.type)
      throw defect(node, `has an attribute "${name}" that is unknown or of the wrong type`);
    if (value.type === "float" && !Number.isFinite(value.value)) throw defect(node, `has "${name}" ${value.value}`);
  }
  for (const [name, type] of Object.entries(known)) {
    if (type.endsWith("!") && !Object.hasOwn(node.attributes, name))
      throw defect(node, `lacks its attribute "${name}"`);
  }
}

/** The type that each letter stands for. */
function checkTypes(node: OnnxNode, form: Form, given: readonly (Fact | undefined)[]): Bound {
  const bound = new Map<string, number>();
  given.forEach((fact, i) => {
    const type = fact?.type;
    if (type === undefined) return;
    const letter = letterAt(form.inputs, i);
    const other = bound.get(letter);
    if (!form.types[letter]!.includes(type)) throw defect(node, `has input ${i} of type ${typeName(type)}`);
    if (other !== undefined && other !== type) {
      throw defect(node, `has inputs of types ${typeName(other)} and ${typeName(type)} where they must be one`);
    }
    bound.set(letter, type);
  });
  return bound;
}

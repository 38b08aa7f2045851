import type { GraphBuilder } from "../builder.ts";
import type { Node, StateTensor } from "../ir.ts";

/** State name -> node: parameters, gradients, next values. */
export type NodesByName = Readonly<Record<string, Node>>;

/**
 * One step of training as graph. Declares the scalar inputs that the host feeds and the slots
 * `opt.<optimiser>.<slot>.<name>`, and returns the next value of every parameter and slot, by state name.
 */
export type Optimiser<Options> = (
  build: GraphBuilder,
  parameters: NodesByName,
  gradients: NodesByName,
  options?: Options,
) => Record<string, Node>;

/** What a step of one parameter is made of. */
export interface ParameterStep {
  /** As it was before the step. */
  readonly p: Node;
  /** The loss's gradient. */
  readonly g: Node;
  /** The slot `opt.<optimiser>.<name>.<parameter>` as it was before the step, zeros at first. */
  readonly slot: (name: string) => Node;
  /** Gives that slot its next value. */
  readonly update: (name: string, value: Node) => void;
}

/**
 * Takes the step of every parameter with `next`, which returns the parameter's next value.
 *
 * @throws RangeError a parameter without gradient
 */
export function stepEach(
  build: GraphBuilder,
  optimiser: string,
  parameters: NodesByName,
  gradients: NodesByName,
  next: (step: ParameterStep) => Node,
): Record<string, Node> {
  const updates: Record<string, Node> = {};
  for (const [name, p] of Object.entries(parameters)) {
    const g = Object.hasOwn(gradients, name) ? gradients[name] : undefined;
    if (!g) throw new RangeError(`${optimiser}: "gradients" has none for "${name}"`);
    const tensor: StateTensor = { shape: p.shape as readonly number[], init: { kind: "zeros" } };
    const slotName = (slot: string) => `opt.${optimiser}.${slot}.${name}`;
    const slot = (key: string) => build.state(slotName(key), tensor);
    const update = (key: string, value: Node) => void (updates[slotName(key)] = value);
    updates[name] = next({ p, g, slot, update });
  }
  return updates;
}

/** @throws RangeError unless `value` is in [0, 1) */
export function requireDecay(optimiser: string, option: string, value: number): void {
  if (value >= 0 && value < 1) return;
  throw new RangeError(`${optimiser}: "${option}" expected a number in [0, 1), got ${value}`);
}

/** @throws RangeError unless `value` is positive and finite */
export function requirePositive(what: string, option: string, value: number): void {
  if (value > 0 && Number.isFinite(value)) return;
  throw new RangeError(`${what}: "${option}" expected a positive number, got ${value}`);
}

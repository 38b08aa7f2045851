import type { Node, Program } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import { loweringOf } from "./operations.ts";

/** What a program's nodes are to this engine, known before it runs. */
export interface Plan {
  /** For each node, those that are needed for the last time when it is computed. */
  readonly lastUses: readonly (readonly number[])[];
}

const leaves: ReadonlySet<string> = new Set([
  "input",
  "state",
  "constant",
  "batchSize",
  "randomUniform",
  "randomNormal",
]);

/** Integers stay on the host: they come from inputs, and only their shape changes before they are used. */
export function isOnHost({ dtype }: Node): boolean {
  return dtype !== "f32";
}

/** @throws IsthmusError `ENGINE_OPERATION` */
export function planOf({ nodes, outputs, updates, guard }: Program): Plan {
  for (const node of nodes) requireKnown(node);
  const kept = new Set([...Object.values(outputs), ...Object.values(updates), ...(guard === undefined ? [] : [guard])]);
  const lastUse = new Map<number, number>();
  for (const { id, inputs } of nodes) for (const input of [id, ...inputs]) lastUse.set(input, id);
  const lastUses = nodes.map((): number[] => []);
  for (const [id, user] of lastUse) if (!kept.has(id)) lastUses[user]!.push(id);
  return { lastUses };
}

function requireKnown(node: Node): void {
  if (leaves.has(node.op) || loweringOf(node)) return;
  const label = node.name ?? `${node.op}#${node.id}`;
  throw new IsthmusError(
    "ENGINE_OPERATION",
    `the tfjs engine cannot run "${label}": it has no "${node.op}"; write it with other operations or run it on the reference engine`,
    { engine: "tfjs", operation: node.op, node: label },
  );
}

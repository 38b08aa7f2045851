import type { OnnxNode } from "../messages.ts";
import type { Subject } from "./subject.ts";

/** A known limit of a runtime. */
export interface Rule {
  /** Stable, such as `uneven-pads`. */
  readonly id: string;
  /** What happens there. */
  readonly what: string;
  /** Where that was read, or how it was measured. */
  readonly source: string;
  /** The nodes, or the values, that it is about; none where the file keeps clear of it. */
  readonly find: (subject: Subject) => readonly string[];
}

/** A rule about single nodes, by their names. */
export function nodeRule(
  told: Pick<Rule, "id" | "what" | "source">,
  isHit: (node: OnnxNode, subject: Subject) => boolean,
): Rule {
  const find = (subject: Subject) =>
    subject.model.graph.nodes
      .filter((node) => isHit(node, subject))
      .map(({ name, outputs }) => name || (outputs[0] ?? ""));
  return { ...told, find };
}

/** A rule about operators that a runtime does not have. */
export function operatorRule(told: Pick<Rule, "id" | "what" | "source">, operators: readonly string[]): Rule {
  return nodeRule(told, ({ opType }) => operators.includes(opType));
}

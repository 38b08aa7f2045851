import type { GraphBuilder, Node } from "@isthmus/graph";
import type { ScheduleField } from "./fields.ts";
import type { Schedule } from "./schedule.ts";
import { scheduled } from "./schedule-inputs.ts";
import { meanParts, type Seen } from "./variational.ts";

/** The weight of a KL; 1 makes the loss the negative ELBO. */
export const klWeightField: ScheduleField = {
  kind: "schedule",
  default: 1,
  least: 0,
  what: "what the KL is multiplied by",
};

/** The loss -log p(x | z) + klWeight KL, with its parts. */
export function weightedKlObjective(
  build: GraphBuilder,
  { terms }: Seen,
  klWeight: Schedule,
): Readonly<Record<string, Node>> {
  const { reconstruction, kl } = terms();
  const price = build.mul(scheduled(build, "klWeight", klWeight), kl);
  return { loss: build.mean(build.add(reconstruction, price)), ...meanParts(build, { reconstruction, kl }) };
}

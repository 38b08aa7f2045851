import { GraphBuilder, type Node, type Program, type StateSpec, trainingStep } from "@isthmus/graph";

/** A step of training with Adam; `x` [batch, ...], `seed`, `step` and Adam's scalars are its inputs, `loss` its output. */
export interface Network {
  readonly parameters: StateSpec;
  readonly program: Program;
}

/** One step of Adam on everything that the loss declares. */
export function trained(lossOf: (build: GraphBuilder) => Node): Network {
  const build = new GraphBuilder();
  const loss = build.program({ outputs: { loss: lossOf(build) } });
  const parameters = build.stateSpec;
  return { parameters, program: trainingStep(loss, Object.keys(parameters)) };
}

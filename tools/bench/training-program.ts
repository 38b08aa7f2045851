import { adam, GraphBuilder, type Node, type Program, type StateSpec, vjp } from "@isthmus/graph";

/** A step of training; `x` [batch, ...], `seed`, `step` and Adam's scalars are its inputs, `loss` its output. */
export interface Network {
  readonly parameters: StateSpec;
  readonly program: Program;
}

/** One step of Adam on everything that the loss declares. */
export function trained(lossOf: (build: GraphBuilder) => Node): Network {
  const build = new GraphBuilder();
  const loss = lossOf(build);
  const parameters = build.stateSpec;
  const nodes = Object.entries(parameters).map(([name, spec]) => [name, build.state(name, spec)] as const);
  const slopes = vjp(
    build,
    [loss],
    nodes.map(([, node]) => node),
    [build.scalar(1)],
  );
  const gradients = Object.fromEntries(nodes.map(([name], i) => [name, slopes[i]!]));
  const updates = adam(build, Object.fromEntries(nodes), gradients);
  return { parameters, program: build.program({ outputs: { loss }, updates, guard: loss }) };
}

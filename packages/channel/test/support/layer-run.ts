import { GraphBuilder, interpret, type Node, type Shape } from "@isthmus/graph";
import { type Channel, throughChannel } from "../../src/channel-layers/channel.ts";
import type { ChannelScope } from "../../src/channel-layers/scope.ts";

/** The values of nodes made of the inputs `x0`, `x1`, ..., and `seed` and `step` where they are declared. */
export function valuesOf(
  make: (build: GraphBuilder, inputs: readonly Node[]) => Readonly<Record<string, Node>>,
  inputs: readonly { readonly shape: Shape; readonly values: ArrayLike<number> }[],
  batch = 1,
): Record<string, Float64Array> {
  const build = new GraphBuilder();
  const nodes = inputs.map(({ shape }, i) => build.input(`x${i}`, shape));
  const program = build.program({ outputs: make(build, nodes) });
  const named = Object.fromEntries([
    ...inputs.map(({ values }, i) => [`x${i}`, Float64Array.from(values)] as const),
    ...["seed", "step"].map((name) => [name, Float64Array.of(1, 0)] as const),
  ]);
  const fed = Object.fromEntries(Object.entries(named).filter(([name]) => Object.hasOwn(program.inputs, name)));
  const { outputs } = interpret(program, { inputs: fed, state: {}, batch });
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data]));
}

export interface Sent {
  readonly n: number;
  readonly complex: boolean;
  /** Of one block: n real uses, or n pairs. */
  readonly x: readonly number[];
  readonly blocks: number;
  readonly deviation?: number;
  readonly step?: number;
}

/** The same block through a channel `blocks` times: y and, where there is one, the state. */
export function sentThrough(
  channel: Channel,
  { n, complex, x, blocks, deviation = 0, step = 1 }: Sent,
): { y: Float64Array; state?: Float64Array } {
  const build = new GraphBuilder();
  const source = { seed: build.input("seed", [2], "i32"), step: build.input("step", [2], "i32") };
  const scope: ChannelScope = {
    ...{ build, n, complex, deviation: build.scalar(deviation) },
    noise: (name) => ({ ...source, stream: name }),
  };
  const block = build.input("x", complex ? ["batch", n, 2] : ["batch", n]);
  const { y, state } = throughChannel(channel, scope, block);
  const use = build.sum(build.cast(build.add(build.cast(source.seed), build.cast(source.step))));
  const program = build.program({ outputs: { y, use, ...(state && { state }) } });
  const inputs = {
    x: Float64Array.from({ length: blocks * x.length }, (_, at) => x[at % x.length]!),
    ...{ seed: Float64Array.of(5, 0), step: Float64Array.of(step, 0) },
  };
  const { outputs } = interpret(program, { inputs, state: {}, batch: blocks });
  return { y: outputs["y"]!.data, ...(state && { state: outputs["state"]!.data }) };
}

/** Mean of `f` over `count` items. */
export function meanOf(count: number, f: (index: number) => number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += f(i);
  return sum / count;
}

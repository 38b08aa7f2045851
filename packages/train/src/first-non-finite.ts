import type { Engine, EngineState, HostArray, Node, Program } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";

/** Where a step first left the finite numbers. */
export interface NonFiniteValue {
  /** The operation of the graph: `exp`, or `input` and `state` for what came in so. */
  readonly op: string;
  /** The value's name in the graph, or the input's or tensor's. */
  readonly name?: string;
  /** Row-major. */
  readonly index: number;
  readonly value: number;
}

/**
 * Runs the program of a step up to its guard again, every value kept, and finds the first, in the order of the graph,
 * that is not finite. Nothing is updated. What the engine fuses in a step it may compute apart here, so in rare cases
 * all values are finite now: undefined then, and when there is no memory for all of them.
 */
export async function firstNonFinite(
  engine: Engine,
  program: Program,
  state: EngineState,
  inputs: Readonly<Record<string, HostArray>>,
): Promise<NonFiniteValue | undefined> {
  const kept = everyValue(program);
  const executable = await engine.compile(kept, state);
  try {
    const given = Object.fromEntries(Object.keys(kept.inputs).map((name) => [name, inputs[name]!]));
    const { outputs } = await executable.run(given);
    for (const [name, handle] of Object.entries(outputs)) {
      const values = await handle.read();
      const index = values.findIndex((value) => !Number.isFinite(value));
      if (index >= 0) return { ...described(kept.nodes[kept.outputs[name]!]!), index, value: values[index]! };
    }
    return undefined;
  } catch (error) {
    if (error instanceof IsthmusError && error.code === "ENGINE_MEMORY") return undefined;
    throw error;
  } finally {
    executable.dispose();
  }
}

/** The nodes up to the guard, each float32 one an output. */
function everyValue({ nodes, inputs, state, guard = nodes.length - 1 }: Program): Program {
  const kept = nodes.slice(0, guard + 1);
  const outputs = kept.filter(({ dtype }) => dtype === "f32").map(({ id }) => [`node${id}`, id] as const);
  return {
    nodes: kept,
    inputs: Object.fromEntries(Object.entries(inputs).filter(([, id]) => id <= guard)),
    state,
    outputs: Object.fromEntries(outputs),
    updates: {},
  };
}

function described({ op, name, attributes }: Node): Pick<NonFiniteValue, "op" | "name"> {
  const known = name ?? attributes["name"];
  return { op, ...(typeof known === "string" && { name: known }) };
}

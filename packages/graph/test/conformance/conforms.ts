import { type HostArray, type InterpreterInputs, type Program, type Engine } from "../../src/index.ts";
import { expect } from "vitest";
import { type Bounded, boundNodes } from "./error-bound.ts";

export interface Given {
  readonly inputs: Readonly<Record<string, HostArray>>;
  readonly state?: Readonly<Record<string, Float32Array>>;
  readonly batch?: number;
}

/**
 * How far what an optimiser stores may be from what has decayed: engines keep it from becoming denormal. A parameter moves by as much, with the share
 * of its slot's that is its rate, of a tenth at most; where methods divide by an epsilon, tiny slots are not for this.
 */
const DECAYED = 1.1 * 2 ** -120;
const OPTIMISERS = /^(adam|rmsProp|sgd|nesterov)/;

/**
 * Runs `program` on `engine` and holds every output and the state afterwards against the interpreter; `error-bound.ts`
 * derives the tolerances.
 */
export async function expectConforms(engine: Engine, program: Program, given: Given): Promise<void> {
  const { inputs, state: values = {}, batch = 1 } = given;
  const state = engine.createState(program.state);
  for (const [name, tensor] of Object.entries(values)) await state.write(name, tensor);
  const executable = await engine.compile(program, state);
  try {
    const { outputs, committed } = await executable.run(inputs, { batch });
    const nodes = boundNodes(program, { inputs, state: values, batch } satisfies InterpreterInputs);
    const finite = program.guard === undefined || Number.isFinite(nodes[program.guard]!.value.data[0]);
    expect(committed).toBe(finite);
    for (const [name, id] of Object.entries(program.outputs)) {
      expect(outputs[name]!.shape).toEqual(nodes[id]!.value.shape);
      expectWithin(name, await outputs[name]!.read(), nodes[id]!);
    }
    for (const [name, before] of Object.entries(values)) {
      const id = program.updates[name];
      const after = await state.read(name);
      if (id === undefined || !committed) expect(after).toEqual(before);
      else expectWithin(name, after, nodes[id]!, OPTIMISERS.test(program.nodes[id]!.op) ? DECAYED : 0);
    }
  } finally {
    executable.dispose();
    state.dispose();
  }
}

function expectWithin(name: string, got: Float32Array, { value, error }: Bounded, more = 0): void {
  expect(got.length).toBe(value.data.length);
  got.forEach((x, i) => {
    const [wanted, most] = [value.data[i]!, error.data[i]! + more];
    const inside = Object.is(x, wanted) || Math.abs(x - wanted) <= most || (x === 0 && wanted === 0);
    if (!inside) expect.fail(`${name}[${i}] is ${x}, expected ${wanted} +- ${most}`);
  });
}

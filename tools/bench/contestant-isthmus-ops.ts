// usage: contestant-isthmus-ops.ts <build> <folder>
import { GraphBuilder, type Program } from "@isthmus/graph";
import { createWasmEngine } from "@isthmus/wasm";
import type { BuildName } from "./contestants.ts";
import { type OperationCase, operationCase } from "./operations.ts";
import { pattern } from "./pattern.ts";
import { magnitude, type Prepared, serve } from "./serve.ts";

const build = process.argv[2] as BuildName;
const { node, v8 } = process.versions;

await serve({ node, v8, build, threads: 1 }, ({ work }) => prepared(operationCase(work)));

/** All operands but ids are state, which is in the engine's memory already: what is timed is a run of the program. */
async function prepared(one: OperationCase): Promise<Prepared> {
  const engine = await createWasmEngine({ build });
  const program = programOf(one);
  const state = engine.createState(program.state);
  const inputs: Record<string, Int32Array> = {};
  for (const [i, { rows, columns, low, high, ids }] of one.operands.entries()) {
    const values = pattern(rows * columns, low, high, 500 * i);
    if (ids) inputs[`operand${i}`] = Int32Array.from(values);
    else await state.write(`operand${i}`, values);
  }
  const executable = await engine.compile(program, state);
  return {
    run: async (steps) => {
      for (let i = 0; i < steps; i++) await executable.run(inputs);
    },
    value: async () => magnitude(await (await executable.run(inputs)).outputs["result"]!.read()),
    dispose: () => engine.dispose(),
  };
}

function programOf({ operands, isthmus }: OperationCase): Program {
  const graph = new GraphBuilder();
  const nodes = operands.map(({ rows, columns, ids }, i) =>
    ids
      ? graph.input(`operand${i}`, [rows], "i32")
      : graph.state(`operand${i}`, { shape: [rows, columns], init: { kind: "zeros" } }),
  );
  return graph.program({ outputs: { result: isthmus(graph, nodes[0]!, nodes[1] ?? nodes[0]!) } });
}

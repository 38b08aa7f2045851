/** Every part of every model of the zoo, exported and read back, computes the same; images need no transpose. */
import { interpret } from "@isthmus/graph";
import { expect, test } from "vitest";
import { exportModelPart, importOnnx } from "../src/index.ts";
import { expectedOf, feedsFor, partsOfAll, smallZoo } from "./support/zoo.ts";

const BATCH = 3;

test.each(partsOfAll(smallZoo))("%s", (_, { definition, model, ...asked }) => {
  const { program, parameters } = importOnnx(exportModelPart(model, asked.part, { sample: asked.sample }));
  const fed = feedsFor(model, asked, BATCH);
  const state = Object.entries(parameters).map(([name, { data }]) => [name, data as Float32Array] as const);
  const inputs = Object.fromEntries(Object.keys(program.inputs).map((name) => [name, fed[name]!]));
  const { outputs } = interpret(program, { inputs, state: Object.fromEntries(state), batch: BATCH });
  for (const [name, expected] of Object.entries(expectedOf(model, asked, fed, BATCH))) {
    const got = outputs[name]!.data;
    // Both are float64; weights that the exporter folded are float32.
    const wrong = [...expected].filter((value, i) => !(Math.abs(got[i]! - value) <= 1e-5 + 1e-4 * Math.abs(value)));
    expect({ name, wrong }).toEqual({ name, wrong: [] });
  }
  // Where a part of an image, or its rows beside a label, are joined with others, no weight is turned.
  if (definition.kind === "conditional-vae") return;
  expect(program.nodes.filter(({ op }) => op === "transpose")).toEqual([]);
});

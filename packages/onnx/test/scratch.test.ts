import { test } from "vitest";
import { decodeModel } from "../src/decode.ts";
import { exportModelPart, describeOnnx } from "../src/index.ts";
import { runtimes } from "./support/runtimes.ts";
import { exportable, partsOf, smallZoo, imageModels } from "./support/zoo.ts";
import { worstOf } from "./support/zoo-parity.ts";
test("worst", async () => {
  const out: string[] = [];
  for (const [name, definition] of imageModels) {
    const model = exportable(definition);
    for (const asked of partsOf(definition)) for (const layout of [undefined, "nhwc", "nchw"] as const) for (const profile of ["portable","compact"] as const) {
      const bytes = exportModelPart(model, asked.part, { sample: asked.sample, ...(layout && {layout}), profile });
      const g = decodeModel(bytes).graph;
      out.push(`${name} ${asked.part} ${asked.sample} ${layout} ${profile}: ${g.nodes.map((n) => n.opType).join(" ")}`);
    }
  }
  for (const [name, definition] of smallZoo.slice(0, 30)) {
    const model = exportable(definition);
    for (const asked of partsOf(definition)) out.push(`${name} ${asked.part} ${await worstOf(runtimes, { model, ...asked, batches: [3], optimisations: ["all"], options: {} })} ${JSON.stringify(describeOnnx(exportModelPart(model, asked.part, {sample: asked.sample})).nodes)} ${describeOnnx(exportModelPart(model, asked.part, {sample: asked.sample})).docString}`);
  }
  process.stdout.write(out.join("\n") + "\n");
});

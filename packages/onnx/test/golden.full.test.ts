/** Every part of every model of the zoo passes its own self-test in both runtimes, in every shape it can be exported in. */
import { expect, test } from "vitest";
import { checkOnnx, exportModelPart, type ModelPartOptions, selfTest } from "../src/index.ts";
import { sampleRunners } from "./support/golden.ts";
import { defaultZoo, imageModels, partsOfAll, smallZoo } from "./support/zoo.ts";

const shapes: readonly ModelPartOptions[] = [
  { layout: "nhwc", uint8: true },
  { layout: "nchw", uint8: true, opset: 13 },
  { layout: "nchw", profile: "compact", opset: 21, batch: 2 },
  { units: { offsets: [3], scales: [20] } },
];

test.each(partsOfAll([...smallZoo, ...defaultZoo]))("%s", async (_, { name, model, part, sample }) => {
  const isImage = imageModels.some(([other]) => other === name);
  for (const options of [{}, ...(isImage && part !== "prior" ? shapes : [])]) {
    const bytes = exportModelPart(model, part, { ...options, sample, golden: true });
    checkOnnx(bytes);
    for (const [runtime, runner] of Object.entries(sampleRunners)) {
      const { share } = await selfTest(bytes, runner(bytes));
      expect(share, `${runtime} ${JSON.stringify(options)}`).toBeLessThanOrEqual(1);
    }
  }
});

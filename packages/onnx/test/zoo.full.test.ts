/** Every model and part of the zoo against the float64 interpreter, in both runtimes. */
import { describe, expect, test } from "vitest";
import { exportModelPart } from "../src/index.ts";
import { runtimes } from "./support/runtimes.ts";
import { defaultZoo, exportable, imageModels, partsOf, smallZoo } from "./support/zoo.ts";
import { innerTransposes } from "./support/transposes.ts";
import { worstOf } from "./support/zoo-parity.ts";

const grid = { batches: [1, 3, 17], optimisations: ["disabled", "all"] } as const;

const largest = { share: 0, where: "nothing was compared" };

describe.each(smallZoo)("%s", (name, definition) => {
  const model = exportable(definition);
  test.each(partsOf(definition))("$part, sample $sample, operator sets 13, 17 and 21", async (asked) => {
    for (const opset of [13, 17, 21] as const) {
      // |a - b| <= 1e-5 + 1e-4 |b|: sums of tens of products of numbers near 1, through a few layers.
      const share = await worstOf(runtimes, { model, ...asked, ...grid, options: { opset } });
      expect(share).toBeLessThanOrEqual(1);
      if (share > largest.share) Object.assign(largest, { share, where: `${asked.part} of ${name}, set ${opset}` });
    }
  });
});

/** A part of an image that is given is put in its place as it was fed, channels last. */
const whole = smallZoo.filter(([, { condition, config }]) => !condition && config.inputShape.length === 3);

test.each(whole)("%s has a Transpose at the edges alone", (_, definition) => {
  const model = exportable(definition);
  for (const { part, sample } of partsOf(definition)) {
    for (const options of [{}, { layout: "nhwc" }, { layout: "nchw" }] as const) {
      expect(innerTransposes(exportModelPart(model, part, { sample, ...options }))).toEqual([]);
    }
  }
});

describe.each(defaultZoo)("%s as it is when nothing is said", (_, definition) => {
  const model = exportable(definition);
  test.each(partsOf(definition))("$part, sample $sample", async (asked) => {
    const trial = { model, ...asked, batches: [3], optimisations: ["all"], options: {} } as const;
    expect(await worstOf(runtimes, trial)).toBeLessThanOrEqual(1);
  });
});

describe.each(imageModels)("%s in other shapes", (_, definition) => {
  const model = exportable(definition);
  test.each(partsOf(definition))("$part, sample $sample, both layouts and profiles, fixed batch", async (asked) => {
    const shapes = [{ layout: "nhwc" }, { layout: "nchw" }, {}] as const;
    for (const shape of shapes) {
      for (const profile of ["portable", "compact"] as const) {
        const options = { ...shape, profile };
        expect(await worstOf(runtimes, { model, ...asked, ...grid, options })).toBeLessThanOrEqual(1);
      }
      const fixed = { ...grid, batches: [3], options: { ...shape, batch: 3 } } as const;
      expect(await worstOf(runtimes, { model, ...asked, ...fixed })).toBeLessThanOrEqual(1);
    }
  });
});

/** Shown by `--reporter=verbose`. */
test("the largest difference of all is told", async ({ annotate }) => {
  await annotate(`${largest.share.toPrecision(2)} of what is allowed: ${largest.where}`);
  expect(largest.share).toBeGreaterThan(0);
});

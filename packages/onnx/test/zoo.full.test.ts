/** Every model and part of the zoo against the float64 interpreter, in both runtimes. */
import { describe, expect, test } from "vitest";
import { runtimes } from "./support/runtimes.ts";
import { defaultZoo, exportable, imageModels, partsOf, smallZoo } from "./support/zoo.ts";
import { worstOf } from "./support/zoo-parity.ts";

const grid = { batches: [1, 3, 17], optimisations: ["disabled", "all"] } as const;

describe.each(smallZoo)("%s", (_, definition) => {
  const model = exportable(definition);
  test.for(partsOf(definition))("$part, sample $sample, operator sets 13, 17 and 21", async (asked, { annotate }) => {
    const shares: number[] = [];
    // |a - b| <= 1e-5 + 1e-4 |b|: sums of tens of products of numbers near 1, through a few layers.
    for (const opset of [13, 17, 21] as const) {
      shares.push(await worstOf(runtimes, { model, ...asked, ...grid, options: { opset } }));
    }
    const worst = Math.max(...shares);
    await annotate(`largest difference: ${worst.toPrecision(2)} of what is allowed`);
    expect(worst).toBeLessThanOrEqual(1);
  });
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

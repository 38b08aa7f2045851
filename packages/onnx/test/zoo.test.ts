/** A few models of the zoo against the float64 interpreter; `zoo.full.test.ts` has all. */
import { modelKinds } from "@isthmus/models";
import { describe, expect, test } from "vitest";
import { runtimes } from "./support/runtimes.ts";
import { everyKind, exportable, fewModels, imageModels, partsOf, smallZoo } from "./support/zoo.ts";
import { worstOf } from "./support/zoo-parity.ts";

describe.each(fewModels)("%s", (_, definition) => {
  const model = exportable(definition);
  test.each(partsOf(definition))("$part, sample $sample, operator sets 13 and 21", async (asked) => {
    for (const opset of [13, 21] as const) {
      const trial = { model, ...asked, batches: [1, 3], optimisations: ["all"], options: { opset } } as const;
      expect(await worstOf(runtimes, trial)).toBeLessThanOrEqual(1);
    }
  });
});

test.each(imageModels)("%s with its channels first", async (_, definition) => {
  const model = exportable(definition);
  for (const profile of ["portable", "compact"] as const) {
    const asked = { part: "autoencoder", sample: false, batches: [3], optimisations: ["all"] } as const;
    const trial = { model, ...asked, options: { layout: "nchw", profile } } as const;
    expect(await worstOf(runtimes, trial)).toBeLessThanOrEqual(1);
  }
});

test.each(modelKinds)("the zoo has a $kind, and one of each that its fields can make", ({ kind, fields }) => {
  expect(smallZoo.map(([, definition]) => definition.kind)).toContain(kind);
  const configs = everyKind.filter(([, definition]) => definition.kind === kind).map(([, { config }]) => config);
  for (const [name, field] of Object.entries(fields)) {
    const values = { choice: field.kind === "choice" ? field.choices : [], flag: [true, false] };
    const expected = field.kind in values ? values[field.kind as keyof typeof values] : [];
    const found = configs.map((config) => (config as object as Record<string, unknown>)[name]);
    expect(found).toEqual(expect.arrayContaining([...expected]));
  }
});

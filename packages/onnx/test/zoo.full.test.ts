/** Every model and part of the zoo against the float64 interpreter, in both runtimes. */
import { describe, expect, test } from "vitest";
import { exportModelPart } from "../src/index.ts";
import { type Arrays, runtimes } from "./support/runtimes.ts";
import {
  defaultZoo,
  expectedOf,
  exportable,
  feedsFor,
  fewModels,
  imageModels,
  partsOf,
  partsOfAll,
  smallZoo,
} from "./support/zoo.ts";
import { innerTransposes } from "./support/transposes.ts";
import { excess, worstOf } from "./support/zoo-parity.ts";

const grid = { batches: [1, 3, 17], optimisations: ["disabled", "all"] } as const;

const largest = { share: 0, where: "nothing was compared" };

test.each(partsOfAll(smallZoo))("%s, operator sets 13, 17 and 21", async (what, one) => {
  for (const opset of [13, 17, 21] as const) {
    // |a - b| <= 1e-5 + 1e-4 |b|: sums of tens of products of numbers near 1, through a few layers.
    const share = await worstOf(runtimes, { ...one, ...grid, options: { opset } });
    expect(share).toBeLessThanOrEqual(1);
    if (share > largest.share) Object.assign(largest, { share, where: `${what}, set ${opset}` });
  }
});

/** A part of an image that is given is put in its place as it was fed, channels last. */
const whole = smallZoo.filter(([, { condition, config }]) => !condition && config.inputShape.length === 3);

test.each(partsOfAll(whole))("%s has a Transpose at the edges alone", (_, { model, part, sample }) => {
  for (const options of [{}, { layout: "nhwc" }, { layout: "nchw" }] as const) {
    expect(innerTransposes(exportModelPart(model, part, { sample, ...options }))).toEqual([]);
  }
});

test.each(partsOfAll(defaultZoo))("%s as it is when nothing is said", async (_, one) => {
  const trial = { ...one, batches: [3], optimisations: ["all"], options: {} } as const;
  expect(await worstOf(runtimes, trial)).toBeLessThanOrEqual(1);
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

const asked = { part: "autoencoder", sample: false } as const;

/** In both runtimes, unoptimised and optimised: the share of what is allowed that the largest difference is. */
async function shareOf(bytes: Uint8Array, feeds: Arrays, expected: Record<string, Float64Array>, batch: number) {
  const shares: number[] = [];
  for (const runtime of runtimes) {
    for (const optimisation of grid.optimisations) {
      const session = await runtime.open(bytes, optimisation);
      shares.push(excess(await session.runFed(feeds, batch), expected, `${runtime.name}, batch ${batch}`));
      await session.release();
    }
  }
  return Math.max(...shares);
}

describe.each([...new Set([...fewModels, ...imageModels])])("%s in the user's numbers", (_, definition) => {
  const model = exportable(definition);
  const features = definition.config.inputShape.reduce((product, size) => product * size, 1);

  test.each([13, 17, 21] as const)("bytes, operator set %i", async (opset) => {
    const bytes = exportModelPart(model, "autoencoder", { opset, uint8: true });
    for (const batch of grid.batches) {
      const x = Uint8Array.from({ length: batch * features }, (_item, i) => (i * 37) % 256);
      const fed = feedsFor(model, asked, batch);
      const { reconstruction, ...others } = expectedOf(
        model,
        asked,
        { ...fed, x: Float32Array.from(x, (byte) => byte / 255) },
        batch,
      );
      for (const runtime of runtimes) {
        const session = await runtime.open(bytes, "all");
        const { reconstruction: got, ...rest } = await session.runFed({ ...fed, x }, batch);
        expect(excess(rest, others, runtime.name)).toBeLessThanOrEqual(1);
        // The nearest byte to a number that is itself 1e-5 + 1e-4 off.
        const nearest = (value: number) => Math.min(255, Math.max(0, 255 * value));
        reconstruction!.forEach((value, i) => expect(Math.abs(got![i]! - nearest(value))).toBeLessThan(0.5 + 0.03));
        await session.release();
      }
    }
  });

  test.each([13, 17, 21] as const)("other units, operator set %i", async (opset) => {
    const offsets = Array.from({ length: features }, (_item, i) => (i % 3) - 1);
    const scales = Array.from({ length: features }, (_item, i) => 1 + (i % 4) / 2);
    const bytes = exportModelPart(model, "autoencoder", { opset, units: { offsets, scales } });
    const inUnits = (value: number, i: number) => value * scales[i % features]! + offsets[i % features]!;
    for (const batch of grid.batches) {
      const fed = feedsFor(model, asked, batch);
      const told = expectedOf(model, asked, fed as Arrays, batch);
      const expected = { ...told, reconstruction: told["reconstruction"]!.map(inUnits) };
      const feeds = { ...fed, x: (fed["x"] as Float32Array).map(inUnits) } as Arrays;
      expect(await shareOf(bytes, feeds, expected, batch)).toBeLessThanOrEqual(1);
    }
  });
});

/** Shown by `--reporter=verbose`. */
test("the largest difference of all is told", async ({ annotate }) => {
  await annotate(`${largest.share.toPrecision(2)} of what is allowed: ${largest.where}`);
  expect(largest.share).toBeGreaterThan(0);
});

import { checkOnnx, type ExportableModel, exportModelPart, type ModelPartOptions } from "../../src/index.ts";
import { channelsFirst } from "./channels-first.ts";
import type { Arrays, Runtime } from "./runtimes.ts";
import { type Asked, expectedOf, feedsFor } from "./zoo.ts";

export interface Trial extends Asked {
  readonly model: ExportableModel;
  readonly options: ModelPartOptions;
  readonly batches: readonly number[];
  readonly optimisations: readonly ("disabled" | "all")[];
}

/** The largest difference over what is allowed, |a - b| / (1e-5 + 1e-4 |b|). Throws, saying where, when it is above 1. */
export async function worstOf(runtimes: readonly Runtime[], trial: Trial): Promise<number> {
  const { model, part, sample, options, batches, optimisations } = trial;
  const bytes = exportModelPart(model, part, { ...options, sample });
  checkOnnx(bytes);
  const cases = batches.map((batch) => {
    const feeds = feedsFor(model, trial, batch);
    const expected = expectedOf(model, trial, feeds, batch);
    if (options.layout !== "nchw") return { batch, feeds, expected };
    return { batch, feeds: itemsTurned(model, feeds), expected: itemsTurned(model, expected) };
  });
  let worst = 0;
  for (const runtime of runtimes) {
    for (const optimisation of optimisations) {
      const session = await runtime.open(bytes, optimisation);
      for (const { batch, feeds, expected } of cases) {
        const where = `${runtime.name}, optimisation ${optimisation}, batch ${batch}, ${JSON.stringify(options)}`;
        worst = Math.max(worst, excess(await session.runFed(feeds as Arrays, batch), expected, where));
      }
      await session.release();
    }
  }
  return worst;
}

/** Items among the values with their channels first. */
function itemsTurned<T extends object>({ config }: ExportableModel, values: T): T {
  const size = config!["inputShape"] as number[];
  const turned = Object.entries(values).map(([name, data]) => {
    return [name, items.has(name) ? channelsFirst(data as Float64Array, size) : data] as const;
  });
  return Object.fromEntries(turned) as T;
}

const items = new Set(["x", "reconstruction", "logits", "reconstructionLogVar", "loc", "logScale"]);

/** The largest share of what is allowed that a value is off by. Throws, saying where, when it is above 1. */
export function excess(
  actual: Record<string, Float32Array>,
  expected: Record<string, Float64Array>,
  where: string,
): number {
  const names = (values: object) => Object.keys(values).sort().join(", ");
  if (names(actual) !== names(expected)) throw new Error(`${where}: ${names(actual)} instead of ${names(expected)}`);
  let worst = 0;
  for (const [name, values] of Object.entries(expected)) {
    const got = actual[name]!;
    if (got.length !== values.length)
      throw new Error(`${where}: ${name} has ${got.length} values, not ${values.length}`);
    values.forEach((value, i) => {
      const share = Math.abs(got[i]! - value) / (1e-5 + 1e-4 * Math.abs(value));
      if (!(share <= 1)) throw new Error(`${where}: ${name}[${i}] is ${got[i]}, not ${value}`);
      worst = Math.max(worst, share);
    });
  }
  return worst;
}

/** What a part's file should compute, on inputs drawn as its metadata say: in float64 and on both runtimes. */
import { type HostArray, interpret, type Program } from "@isthmus/graph";
import { categoricalVae, conditionalVae } from "@isthmus/models";
import { describe, expect, test } from "vitest";
import {
  drawnInputs,
  type ExportableModel,
  exportModelPart,
  type ModelPartOptions,
  parity,
  partReference,
} from "../src/index.ts";
import { runtimes } from "./support/runtimes.ts";
import { type Asked, exportable, expectedOf, imageModels, partsOf } from "./support/zoo.ts";

const stateOf = ({ parameters }: ExportableModel) =>
  Object.fromEntries(Object.entries(parameters).map(([name, { data }]) => [name, data as Float32Array]));

type Values = Readonly<Record<string, HostArray>>;

function inFloat64(model: ExportableModel, program: Program, inputs: Values, batch: number) {
  const { outputs } = interpret(program, { inputs, state: stateOf(model), batch });
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data]));
}

async function worst(model: ExportableModel, { part, sample }: Asked, options: ModelPartOptions): Promise<number> {
  const asked = { ...options, sample };
  const bytes = exportModelPart(model, part, asked);
  const { program, tolerances } = partReference(model, part, asked);
  const batch = options.batch ?? 3;
  const drawn = Object.entries(drawnInputs(bytes, { batch: 3 })).map(([name, { data }]) => [name, data] as const);
  const inputs: Values = Object.fromEntries(drawn);
  const shares = runtimes.map(async (runtime) => {
    const session = await runtime.open(bytes, "all");
    const report = await parity({
      inputs,
      reference: async (fed) => inFloat64(model, program, fed, batch),
      run: (fed) => session.runFed(fed, batch),
      tolerances,
    });
    await session.release();
    expect(report.finite).toBe(true);
    return report.share;
  });
  return Math.max(...(await Promise.all(shares)));
}

const combinations: readonly ModelPartOptions[] = [
  {},
  { layout: "nhwc", uint8: true },
  { layout: "nchw", uint8: true, opset: 13 },
  { layout: "nchw", units: { offsets: [3], scales: [20] }, opset: 21, profile: "compact", batch: 2 },
];

describe.each(imageModels.filter((_, i) => i % 2 === 0))("%s", (_, definition) => {
  const model = exportable(definition);
  test.each(partsOf(definition))("$part, sample $sample, as it is asked for", async (asked) => {
    for (const options of combinations) {
      if (asked.part === "prior" && options.layout) continue;
      expect(await worst(model, asked, options)).toBeLessThanOrEqual(1);
    }
  });
});

test("uniform noise stays between 0 and 1, labels are classes that there are", async () => {
  const sizes = { inputShape: [6], trunk: { kind: "dense", hidden: [5] }, latent: 3 } as const;
  const categorical = exportable(categoricalVae({ ...sizes, categories: 4 }));
  expect(await worst(categorical, { part: "autoencoder", sample: true }, {})).toBeLessThanOrEqual(1);
  const told = exportable(conditionalVae({ ...sizes, classes: 3 }));
  expect(await worst(told, { part: "autoencoder", sample: false }, {})).toBeLessThanOrEqual(1);
  const { label } = drawnInputs(exportModelPart(told, "decoder"), { batch: 100 });
  expect(new Set(label!.data)).toEqual(new Set([0, 1, 2]));
});

test("without options it is the model's own programs, one after the other", () => {
  const model = exportable(imageModels[2]![1]);
  for (const part of ["encoder", "decoder", "autoencoder"] as const) {
    const { program } = partReference(model, part);
    const batch = 2;
    const drawn = Object.entries(drawnInputs(exportModelPart(model, part), { batch }));
    const inputs = Object.fromEntries(drawn.map(([name, { data }]) => [name, data]));
    expect(inFloat64(model, program, inputs, batch)).toEqual(expectedOf(model, { part, sample: false }, inputs, batch));
  }
});

test("a file with another weight is found out", async () => {
  const model = exportable(imageModels[0]![1]);
  const [name, stored] = Object.entries(model.parameters)[0]!;
  const data = (stored.data as Float32Array).slice();
  data[0]! += 0.01;
  const other = { ...model, parameters: { ...model.parameters, [name]: { ...stored, data } } };
  const asked = { part: "encoder", layout: "nchw" } as const;
  const bytes = exportModelPart(other, asked.part, asked);
  const { program } = partReference(model, asked.part, asked);
  const inputs = { x: drawnInputs(bytes)["x"]!.data };
  const session = await runtimes[0]!.open(bytes, "all");
  const report = await parity({
    inputs,
    reference: async (fed) => inFloat64(model, program, fed, 1),
    run: (fed) => session.runFed(fed, 1),
  });
  expect(report.share).toBeGreaterThan(1);
});

import { elementCount, interpret, type Program, type Shape } from "@isthmus/graph";
import fc from "fast-check";
import { checkOnnx, type ExportOptions, exportOnnx, type Opset } from "../../src/index.ts";
import { channelsFirst } from "./channels-first.ts";
import { pseudoRandom } from "./models.ts";
import { grown, type Move, moves } from "./random-graphs.ts";
import { type Arrays, runtimes } from "./runtimes.ts";
import { excess } from "./zoo-parity.ts";

/** A random graph, how it is written and what runs it. */
export interface Draw {
  readonly all: readonly Move[];
  readonly image: readonly [number, number, number];
  readonly features: number;
  readonly options: ExportOptions;
  readonly runtime: string;
  readonly optimisation: "disabled" | "all";
  readonly batch: number;
}

const side = fc.integer({ min: 1, max: 7 });
const options: fc.Arbitrary<ExportOptions> = fc.record({
  graphName: fc.constant("random"),
  opset: fc.integer({ min: 13, max: 21 }).map((opset) => opset as Opset),
  profile: fc.constantFrom("portable", "compact"),
  layout: fc.constantFrom("nhwc", "nchw"),
});

export const draws: fc.Arbitrary<Draw> = fc.record({
  all: moves,
  image: fc.tuple(side, side, fc.integer({ min: 1, max: 4 })),
  features: fc.integer({ min: 1, max: 24 }),
  options,
  runtime: fc.constantFrom(...runtimes.map(({ name }) => name)),
  optimisation: fc.constantFrom("disabled", "all"),
  batch: fc.integer({ min: 1, max: 4 }),
});

/**
 * Runs a drawn graph. Throws, saying where, when the runtime's numbers are not the float64 interpreter's, as far as
 * |a - b| <= 1e-5 + 1e-4 |b|: a few sums of up to hundreds of products, scaled so that they stay near 1.
 */
export async function compareRandom({
  all,
  image,
  features,
  options,
  runtime,
  optimisation,
  batch,
}: Draw): Promise<void> {
  const { program, parameters } = grown(all, image, features);
  const bytes = exportOnnx(program, parameters, options);
  checkOnnx(bytes);
  const inputs = inputsFor(program, batch);
  const state = Object.fromEntries(Object.entries(parameters).map(([name, { data }]) => [name, data as Float32Array]));
  const { outputs } = interpret(program, { inputs, state, batch });
  const laidOut = <T extends Float32Array | Float64Array>(data: T, shape: Shape): T =>
    options.layout === "nchw" && shape.length === 4 ? channelsFirst(data, shape.slice(1) as number[]) : data;
  const fed = Object.entries(inputs).map(([name, data]) => {
    return [name, laidOut(data, program.nodes[program.inputs[name]!]!.shape)] as const;
  });
  const expected = Object.entries(outputs).map(([name, { shape, data }]) => [name, laidOut(data, shape)] as const);
  const session = await runtimes.find(({ name }) => name === runtime)!.open(bytes, optimisation);
  const got = await session.runFed(Object.fromEntries(fed) as Arrays, batch);
  await session.release();
  excess(got, Object.fromEntries(expected), runtime);
}

function inputsFor({ nodes, inputs }: Program, batch: number): Record<string, Float32Array> {
  const drawn = Object.entries(inputs).map(([name, id]) => {
    return [name, pseudoRandom(elementCount(nodes[id]!.shape, batch), name.length)] as const;
  });
  return Object.fromEntries(drawn);
}

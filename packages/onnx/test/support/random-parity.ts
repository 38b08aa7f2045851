import { elementCount, interpret, type Program } from "@isthmus/graph";
import fc from "fast-check";
import { checkOnnx, type ExportOptions, exportOnnx, type Opset } from "../../src/index.ts";
import { pseudoRandom } from "./models.ts";
import { grown, type Move, moves } from "./random-graphs.ts";
import { type Arrays, runtimes } from "./runtimes.ts";

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

/** The first number that a runtime computes otherwise than the float64 interpreter, in words; nothing where there is none. */
export async function difference(draw: Draw): Promise<string | undefined> {
  const { program, parameters } = grown(draw.all, draw.image, draw.features);
  const bytes = exportOnnx(program, parameters, draw.options);
  checkOnnx(bytes);
  const inputs = inputsFor(program, draw.batch);
  const state = Object.fromEntries(Object.entries(parameters).map(([name, { data }]) => [name, data as Float32Array]));
  const { outputs } = interpret(program, { inputs, state, batch: draw.batch });
  const isTurned = draw.options.layout === "nchw";
  const fed = Object.entries(inputs).map(([name, data]) => {
    const shape = program.nodes[program.inputs[name]!]!.shape;
    return [name, isTurned ? channelsFirst(data, shape) : data] as const;
  });
  const session = await runtimes.find(({ name }) => name === draw.runtime)!.open(bytes, draw.optimisation);
  const got = await session.runFed(Object.fromEntries(fed) as Arrays, draw.batch);
  await session.release();
  return Object.entries(outputs)
    .map(([name, { shape, data }]) => firstWrong(name, got[name]!, isTurned ? channelsFirst(data, shape) : data))
    .find((found) => found !== undefined);
}

function inputsFor({ nodes, inputs }: Program, batch: number): Record<string, Float32Array> {
  const drawn = Object.entries(inputs).map(([name, id]) => {
    return [name, pseudoRandom(elementCount(nodes[id]!.shape, batch), name.length)] as const;
  });
  return Object.fromEntries(drawn);
}

/** Of images alone. */
function channelsFirst<T extends Float32Array | Float64Array>(data: T, shape: readonly (number | "batch")[]): T {
  if (shape.length !== 4) return data;
  const [height, width, channels] = shape.slice(1) as [number, number, number];
  const pixels = height * width;
  const image = pixels * channels;
  return data.map((_, i) => {
    const within = i % image;
    return data[i - within + (within % pixels) * channels + Math.floor(within / pixels)]!;
  }) as T;
}

/** |a - b| <= 1e-5 + 1e-4 |b|: a few sums of up to hundreds of products, scaled so that they stay near 1. */
function firstWrong(name: string, got: ArrayLike<number>, expected: Float64Array): string | undefined {
  if (got.length !== expected.length) return `${name} has ${got.length} values instead of ${expected.length}`;
  const at = expected.findIndex((value, i) => !(Math.abs(got[i]! - value) <= 1e-5 + 1e-4 * Math.abs(value)));
  return at < 0 ? undefined : `${name}[${at}] is ${got[at]} instead of ${expected[at]}`;
}

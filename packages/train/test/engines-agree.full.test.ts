/** A hundred steps of every model on TensorFlow.js, on our engine, and on one after the other. */
import {
  AdamSchedule,
  type Engine,
  GraphBuilder,
  include,
  initialise,
  type Program,
  referenceEngine,
  trainingStep,
} from "@isthmus/graph";
import { randomUniform } from "@isthmus/math";
import { type ModelDefinition, modelKinds, autoencoder, learnedCodec } from "@isthmus/models";
import { createTfjsEngine } from "@isthmus/tfjs";
import { createWasmEngine } from "@isthmus/wasm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { family } from "../../models/test/support/family.ts";
import { feeds, items, vaeFamily } from "../../models/test/support/vae-family.ts";

const [STEPS, BATCH, LEARNING_RATE] = [100, 5, 0.01];
/** Unit roundoff of float32. */
const u = 2 ** -24;
/** How far one gradient may be off, of its tensor's largest entry: what `compiled-gradients.test.ts` holds engines to. */
const GRADIENT_ERROR = 128 * u;

const small = { inputShape: [7], trunk: { kind: "dense", hidden: [5] }, latent: 2 } as const;
const models: readonly (readonly [string, ModelDefinition])[] = [
  ["autoencoder", autoencoder(small)],
  ...vaeFamily(7),
  ...family(small),
  ["learned codec", learnedCodec(small)],
  ["learned codec, GDN, two qualities", learnedCodec({ ...small, gdn: true, qualities: 2 })],
];

type Noise = Readonly<Record<string, Float32Array>>;
type Tensors = Readonly<Record<string, Float32Array>>;

interface Curve {
  readonly losses: readonly number[];
  readonly tensors: Tensors;
}

/** Steps `from` to `to` of training from `tensors`; `disturb` makes what is added to the gradients, from Adam's first moments. */
async function train(
  engine: Engine,
  definition: ModelDefinition,
  program: Program,
  { from, to, tensors }: { readonly from: number; readonly to: number; readonly tensors: Tensors },
  disturb?: (step: number, moments: Tensors) => Noise,
): Promise<Curve> {
  const state = engine.createState(program.state);
  const executable = await engine.compile(program, state);
  const x = items(definition, BATCH);
  const schedule = new AdamSchedule();
  const scalars = { "adam.stepSize": new Float32Array(1), "adam.secondScale": new Float32Array(1) };
  const read = async (names: readonly string[]) =>
    Object.fromEntries(await Promise.all(names.map(async (name) => [name, await state.read(name)] as const)));
  for (const [name, values] of Object.entries(tensors)) await state.write(name, values);
  const losses: number[] = [];
  for (let step = 1; step <= to; step++) {
    schedule.advance();
    schedule.write(LEARNING_RATE, scalars["adam.stepSize"], scalars["adam.secondScale"]);
    if (step <= from) continue;
    const moments = disturb && (await read(Object.keys(definition.parameters).map((name) => `opt.adam.m.${name}`)));
    const fed = { ...feeds(definition, program, { x, step }), ...scalars, ...(moments && disturb(step, moments)) };
    const { committed, outputs } = await executable.run(fed as Record<string, Float32Array>);
    expect(committed).toBe(true);
    losses.push((await outputs["loss"]!.read())[0]!);
  }
  const after = await read(Object.keys(program.state));
  executable.dispose();
  state.dispose();
  return { losses, tensors: after };
}

const stepOf = ({ phases: [phase] }: ModelDefinition, loss: Program): Program => trainingStep(loss, phase!.parameters);

/** The loss, whose gradients have the inputs `noise.<parameter>` added to them: plus <w, noise>, less its value. */
function disturbable({ phases: [phase], parameters }: ModelDefinition): Program {
  const build = new GraphBuilder();
  const { outputs } = phase!.loss;
  const nodes = include(build, phase!.loss);
  const made = Object.fromEntries(Object.entries(outputs).map(([name, id]) => [name, nodes[id]!]));
  const parts = phase!.parameters.map((name) => {
    const { shape } = parameters[name]!;
    return build.sum(build.mul(build.state(name, parameters[name]!), build.input(`noise.${name}`, shape)));
  });
  const sum = parts.reduce((a, b) => build.add(a, b));
  const loss = build.add(made["loss"]!, build.sub(sum, build.stopGradient(sum)));
  return build.program({ outputs: { ...made, loss } });
}

/** Errors of the size that engines may make, at random, where there is a gradient at all. */
const disturbance =
  (parameters: readonly string[], seed: number) =>
  (step: number, moments: Tensors): Noise =>
    Object.fromEntries(
      parameters.map((name) => {
        const m = moments[`opt.adam.m.${name}`]!;
        const most = m.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
        const noise = new Float32Array(m.length);
        randomUniform(noise, { seed, stream: name, step });
        return [`noise.${name}`, noise.map((xi, i) => (m[i] === 0 ? 0 : (2 * xi - 1) * GRADIENT_ERROR * most))];
      }),
    );

/**
 * The float64 curve, and how far from it a float32 engine may be: four times as far as the farthest of three curves whose
 * every gradient is disturbed as engines may disturb it, up to the same step, since three draws miss the worst; and the loss's
 * own 8 roundings.
 */
async function referenceCurve(definition: ModelDefinition, tensors: Tensors) {
  const engine = referenceEngine();
  const [phase] = definition.phases;
  const whole = { from: 0, to: STEPS, tensors };
  const { losses } = await train(engine, definition, stepOf(definition, phase!.loss), whole);
  const program = stepOf(definition, disturbable(definition));
  const spread = losses.map(() => 0);
  for (const seed of [1, 2, 3]) {
    const moved = await train(engine, definition, program, whole, disturbance(phase!.parameters, seed));
    moved.losses.forEach((loss, i) => (spread[i] = Math.max(spread[i]!, Math.abs(loss - losses[i]!))));
  }
  let most = 0;
  const tolerance = losses.map((loss, i) => {
    most = Math.max(most, spread[i]!);
    return 4 * most + 8 * u * Math.abs(loss);
  });
  return { losses, tolerance };
}

it("every kind of the zoo is among them", () => {
  const kinds = new Set(models.map(([, { kind }]) => kind));
  expect(modelKinds.map(({ kind }) => kind).filter((kind) => !kinds.has(kind))).toEqual([]);
});

describe("within what float32 may do, the float64 interpreter's losses over 100 steps", () => {
  const engines: Record<string, Engine> = {};
  beforeAll(async () => {
    engines["wasm"] = await createWasmEngine({ build: "simd128" });
    engines["tfjs:cpu"] = await createTfjsEngine({ backend: "cpu" });
    engines["tfjs:wasm"] = await createTfjsEngine({ backend: "wasm" });
  });
  afterAll(() => Object.values(engines).forEach((engine) => engine.dispose()));

  /** Engines, the second from the middle on. */
  const ways = [["wasm"], ["tfjs:cpu"], ["tfjs:wasm"], ["wasm", "tfjs:wasm"], ["tfjs:cpu", "wasm"]] as const;

  it.each(models)("%s", async (_, definition) => {
    const program = stepOf(definition, definition.phases[0]!.loss);
    const first = initialise(program.state, 1);
    const { losses, tolerance } = await referenceCurve(definition, first);
    // Else the comparison would say nothing.
    expect(Math.max(...tolerance)).toBeLessThan(0.01 * Math.max(...losses.map(Math.abs)));
    for (const [begin, end] of ways) {
      const change = end ? STEPS / 2 : STEPS;
      const begun = await train(engines[begin]!, definition, program, { from: 0, to: change, tensors: first });
      const rest = end && (await train(engines[end]!, definition, program, { ...begun, from: change, to: STEPS }));
      [...begun.losses, ...(rest?.losses ?? [])].forEach((loss, i) => {
        const off = Math.abs(loss - losses[i]!);
        if (off > tolerance[i]!) {
          expect.fail(`${begin}, ${end ?? begin} at step ${i + 1}: ${loss}, expected ${losses[i]} +- ${tolerance[i]}`);
        }
      });
    }
  });
});

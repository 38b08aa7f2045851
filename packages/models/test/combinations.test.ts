import { interpret } from "@isthmus/graph";
import { expect, it } from "vitest";
import { defineModel, type GivenLikelihood, type ModelDefinition, type ModelKind, modelKinds } from "../src/index.ts";
import { feeds, items, run, stateOf, stepOf } from "./support/vae-family.ts";

const likelihoods: readonly GivenLikelihood[] = [
  { kind: "bernoulli" },
  ...(["fixed", "shared", "perFeature", "predicted"] as const).map(
    (variance) => ({ kind: "gaussian", variance, value: 0.5 }) as const,
  ),
  { kind: "discretisedLogistic", levels: 11 },
  { kind: "logisticMixture", levels: 11 },
];

const trunks = {
  dense: { kind: "dense", hidden: [4] },
  convolutions: { kind: "conv", channels: [2, 3], kernel: 3, hidden: [4] },
} as const;

/** What hidden layers ask of a kind beside its defaults. */
const needed: Readonly<Record<string, object>> = { "contractive-ae": { jacobian: "sampled", tied: false } };

/** A codec has no likelihood: its distortion is the squared error. */
const deep = modelKinds.filter(({ kind }) => !kind.startsWith("linear-") && kind !== "learned-codec");
const cases = deep.flatMap((model) =>
  Object.keys(trunks).flatMap((trunk) =>
    posteriorsOf(model).map((posterior) => ({ model, trunk, posterior }) as const),
  ),
);

function posteriorsOf({ fields }: ModelKind): readonly (string | undefined)[] {
  const { posterior } = fields;
  return posterior?.kind === "choice" ? posterior.choices : [undefined];
}

function made({ kind, fields }: ModelKind, trunk: keyof typeof trunks, more: object): ModelDefinition {
  const few = "components" in fields ? { components: 3 } : {};
  const own = { ...few, ...needed[kind], ...more };
  return defineModel(kind, { inputShape: [4, 3, 1], latent: 3, trunk: trunks[trunk], ...own });
}

it.each(cases)("$model.kind, $trunk, posterior $posterior, takes every likelihood", ({ model, trunk, posterior }) => {
  for (const likelihood of likelihoods) {
    const definition = made(model, trunk as keyof typeof trunks, { likelihood, ...(posterior && { posterior }) });
    const x = items(definition, 2);
    const step = stepOf(definition);
    const { outputs, updates } = interpret(step, {
      inputs: feeds(definition, step, { x }),
      state: stateOf(definition, step.state),
      batch: 2,
    });
    expect(Number.isFinite(outputs["loss"]!.data[0])).toBe(true);
    for (const name of Object.keys(definition.parameters)) {
      expect(updates[name]!.data.every(Number.isFinite), name).toBe(true);
    }
    const { decoder, evaluation } = definition;
    const state = stateOf(definition);
    const { squaredError } = run(evaluation, feeds(definition, evaluation, { x }), state, 2);
    expect(squaredError!.shape).toEqual([2]);
    const size = decoder.nodes[decoder.inputs["z"]!]!.shape[1] as number;
    const inputs = { ...feeds(definition, decoder, { x }), z: new Float32Array(2 * size) };
    for (const output of Object.values(run(decoder, inputs, state, 2))) expect(output.shape).toEqual([2, 12]);
  }
});

it.each(["linear-ae", "linear-vae"])("%s has no convolutions, and says so", (kind) => {
  const model = modelKinds.find((one) => one.kind === kind)!;
  expect(() => made(model, "convolutions", {})).toThrow(/"trunk" expected .*(no convolutions|as a linear map is)/);
});

import { interpret, trainingStep } from "@isthmus/graph";
import { vae } from "@isthmus/models";
import { expect, it } from "vitest";
import { vaeOn } from "../reproduce/latent-objectives.ts";

const [plain] = vae({ latent: 2 }).phases;

it.each(["reconstruction", "kl", "loss"] as const)("a VAE on %s minimises that output and tells the others", (name) => {
  const [phase] = vaeOn(name).phases;
  const inputs = {
    x: Float32Array.from({ length: 2 * 784 }, (_, i) => ((i * 37) % 256) / 255),
    seed: Int32Array.of(1, 0),
    step: Int32Array.of(1, 0),
  };
  const state = Object.fromEntries(
    Object.entries(phase!.loss.state).map(([tensor, { shape }]) => {
      const size = shape.reduce((product: number, length) => product * Number(length), 1);
      return [tensor, Float32Array.from({ length: size }, (_, i) => Math.sin(i) / 30)];
    }),
  );
  const ours = interpret(phase!.loss, { inputs, state, batch: 2 }).outputs;
  const theirs = interpret(plain!.loss, { inputs, state, batch: 2 }).outputs;
  expect(ours["loss"]).toEqual(theirs[name]);
  for (const term of ["reconstruction", "kl"]) expect(ours[term]).toEqual(theirs[term]);
});

it("on the KL alone trains the encoder and nothing else", () => {
  const [phase] = vaeOn("kl").phases;
  const step = trainingStep(phase!.loss, phase!.parameters, { optimiser: { kind: "sgd" } });
  expect(Object.keys(step.updates).toSorted()).toEqual(
    plain!.parameters.filter((name) => name.startsWith("encoder.")).toSorted(),
  );
});

/** Bounds and estimators of `@isthmus/math` on tensors: values and gradients as the graph's, where they are proved. */
import { GraphBuilder, interpret, type Node, vjp } from "@isthmus/graph";
import {
  type ArrayOps,
  capacityObjective,
  doublyReparameterisedSurrogate,
  freeBitsKl,
  gaussianLogProb,
  importanceWeightedBound,
  klDiagonalGaussian,
  leaveOneOutBaseline,
  randomUniform,
  reparameterise,
  sampledElbo,
  scoreFunctionSurrogate,
  stickingTheLandingSurrogate,
  stopParameterGradients,
  totalCorrelationDecomposition,
} from "@isthmus/math";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { tfjsOps } from "../src/index.ts";

tf.env().set("PROD", true); // tfjs advertises its native backend on the console otherwise
await tf.setBackend("cpu");

const [BATCH, SAMPLES, LATENT] = [3, 4, 2];
const shapes = [
  [BATCH, 1, LATENT],
  [BATCH, 1, LATENT],
  [BATCH, SAMPLES, LATENT],
] as const;
const values = shapes.map((shape, i) => {
  const out = new Float32Array(shape[0] * shape[1] * shape[2]);
  randomUniform(out, { seed: 9, stream: `x${i}` });
  return out.map((value) => 2 * value - 1);
});

/** A scalar of mu, logVar [batch, 1, latent] and eps [batch, samples, latent]. */
type Formula = <T>(ops: ArrayOps<T>, mu: T, logVar: T, eps: T) => T;

/** The parts of every bound: q, z, and the log-densities [batch, samples] of the model. */
function parts<T>(ops: ArrayOps<T>, mu: T, logVar: T, eps: T) {
  const z = reparameterise(ops, { mu, logVar }, eps);
  const data = ops.constant([LATENT], [1, -0.5]);
  return {
    q: { mu, logVar },
    z,
    logLikelihood: gaussianLogProb(ops, data, { mu: z, variance: 0.5 }),
    logPrior: gaussianLogProb(ops, z, { mu: ops.scalar(0), logVar: ops.scalar(0) }),
  };
}

const formulas: Readonly<Record<string, Formula>> = {
  importanceWeightedBound: (ops, ...x) => {
    const { q, z, ...terms } = parts(ops, ...x);
    return ops.mean(
      importanceWeightedBound(ops, sampledElbo(ops, { ...terms, logPosterior: gaussianLogProb(ops, z, q) })),
    );
  },
  doublyReparameterisedSurrogate: (ops, ...x) => {
    const { q, z, ...terms } = parts(ops, ...x);
    const logPosterior = gaussianLogProb(ops, z, stopParameterGradients(ops, q));
    return ops.mean(doublyReparameterisedSurrogate(ops, sampledElbo(ops, { ...terms, logPosterior })));
  },
  stickingTheLandingSurrogate: (ops, ...x) => {
    const { z, ...terms } = parts(ops, ...x);
    return ops.mean(stickingTheLandingSurrogate(ops, { ...terms, logDensity: (q) => gaussianLogProb(ops, z, q) }));
  },
  scoreFunctionSurrogate: (ops, ...x) => {
    const { q, z, logLikelihood } = parts(ops, ...x);
    const value = ops.stopGradient(logLikelihood);
    const logDensity = gaussianLogProb(ops, ops.stopGradient(z), q);
    return ops.mean(scoreFunctionSurrogate(ops, { value, logDensity, baseline: leaveOneOutBaseline(ops, value) }));
  },
  "capacityObjective and freeBitsKl": (ops, ...x) => {
    const { q, logLikelihood } = parts(ops, ...x);
    const kl = klDiagonalGaussian(ops, q, undefined, { axes: [] });
    const perExample = { logLikelihood, kl: ops.sum(kl, { axes: [2] }) };
    const objective = capacityObjective(ops, { ...perExample, capacity: 0.7, gamma: 3 });
    return ops.sub(ops.mean(objective), freeBitsKl(ops, ops.sum(kl, { axes: [1] }), 0.1));
  },
  totalCorrelationDecomposition: (ops, ...x) => {
    const { q, z } = parts(ops, ...x);
    const drawn = ops.mean(z, { axes: [1] });
    const own = { mu: ops.sum(q.mu, { axes: [1] }), logVar: ops.sum(q.logVar, { axes: [1] }) };
    const others = { mu: ops.expandDims(own.mu, 0), logVar: ops.expandDims(own.logVar, 0) };
    const { mutualInformation, totalCorrelation, dimensionWiseKl } = totalCorrelationDecomposition(ops, {
      logPosterior: gaussianLogProb(ops, drawn, own),
      logPrior: gaussianLogProb(ops, drawn, { mu: ops.scalar(0), logVar: ops.scalar(0) }, { axes: [] }),
      logPairs: gaussianLogProb(ops, ops.expandDims(drawn, 1), others, { axes: [] }),
      logWeights: ops.scalar(-Math.log(100 * BATCH)),
    });
    // Different weights, so that the parts do not add up to the KL.
    const weighted = ops.add(mutualInformation, ops.mul(ops.scalar(6), totalCorrelation));
    return ops.mean(ops.add(weighted, ops.mul(ops.scalar(2), dimensionWiseKl)));
  },
};

it.each(Object.keys(formulas))("%s", (name) => {
  const formula = formulas[name]!;
  const build = new GraphBuilder();
  const inputs = shapes.map((shape, i) => build.input(`x${i}`, shape)) as [Node, Node, Node];
  const value = formula(build, ...inputs);
  const [mu, logVar] = vjp(build, [value], [inputs[0], inputs[1]], [build.scalar(1)]);
  const used = build.sum(build.mul(build.scalar(0), inputs[2]));
  const program = build.program({ outputs: { value: build.add(value, used), mu: mu!, logVar: logVar! } });
  const given = Object.fromEntries(values.map((own, i) => [`x${i}`, own]));
  const { outputs } = interpret(program, { inputs: given, state: {}, batch: 1 });

  const [first, second, eps] = values.map((own, i) => tf.tensor(own, [...shapes[i]!]));
  const ops = tfjsOps(tf);
  const found = tf.valueAndGrads((m, v) => formula<tf.Tensor>(ops, m!, v!, eps!) as tf.Scalar)([first!, second!]);
  const expectNear = (actual: tf.Tensor, expected: Float64Array) => {
    // Some thirty float32 operations on numbers of a few units.
    actual.dataSync().forEach((x, i) => expect(Math.abs(x - expected[i]!)).toBeLessThan(5e-5));
  };
  expectNear(found.value, outputs["value"]!.data);
  expectNear(found.grads[0]!, outputs["mu"]!.data);
  expectNear(found.grads[1]!, outputs["logVar"]!.data);
});

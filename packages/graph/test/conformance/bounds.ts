/** Bounds and estimators of `@isthmus/math` on the engine: values and gradients as the interpreter has them. */
import { GraphBuilder, type Node, vjp, type Engine } from "../../src/index.ts";
import {
  annealedImportanceSampling,
  bidirectionalBound,
  capacityObjective,
  doublyReparameterisedSurrogate,
  freeBitsKl,
  gaussianLogProb,
  importanceWeightedBound,
  klDiagonalGaussian,
  leaveOneOutBaseline,
  linearGaussianLogLikelihood,
  linearGaussianPosterior,
  mixtureLogWeights,
  ndArray,
  type NdArray,
  ndArrayOps as ops,
  randomNormal,
  randomUniform,
  reparameterise,
  reverseAnnealedImportanceSampling,
  sampledElbo,
  scoreFunctionSurrogate,
  sigmoidTemperatures,
  stickingTheLandingSurrogate,
  stopParameterGradients,
  totalCorrelationDecomposition,
} from "@isthmus/math";
import { describe, expect, it } from "vitest";
import { expectConforms } from "./conforms.ts";

const [LATENT, SAMPLES] = [3, 4];

function uniforms(count: number, stream: string): Float32Array {
  const out = new Float32Array(count);
  randomUniform(out, { seed: 5, stream });
  return out.map((value) => 2 * value - 1);
}

/** [batch, samples, latent] of q = N(mu, exp(logVar)), each [batch, 1, latent]. */
interface Drawn {
  readonly build: GraphBuilder;
  readonly q: { readonly mu: Node; readonly logVar: Node };
  readonly z: Node;
  readonly logLikelihood: Node;
  readonly logPrior: Node;
}

const standard = (build: GraphBuilder) => ({ mu: build.scalar(0), logVar: build.scalar(0) });

const objectives: Readonly<Record<string, (drawn: Drawn) => Node>> = {
  "the importance-weighted bound": ({ build, q, z, ...terms }) =>
    importanceWeightedBound(build, sampledElbo(build, { ...terms, logPosterior: gaussianLogProb(build, z, q) })),
  "the doubly reparameterised surrogate": ({ build, q, z, ...terms }) => {
    const logPosterior = gaussianLogProb(build, z, stopParameterGradients(build, q));
    return doublyReparameterisedSurrogate(build, sampledElbo(build, { ...terms, logPosterior }));
  },
  "sticking the landing": ({ build, q, z, logLikelihood, logPrior }) =>
    stickingTheLandingSurrogate(build, {
      logLikelihood,
      logPrior,
      q,
      logDensity: (own) => gaussianLogProb(build, z, own),
    }),
  "the score function with its baseline": ({ build, q, z, logLikelihood }) => {
    const logDensity = gaussianLogProb(build, build.stopGradient(z), q);
    const baseline = leaveOneOutBaseline(build, logLikelihood);
    return scoreFunctionSurrogate(build, { value: build.stopGradient(logLikelihood), logDensity, baseline });
  },
  "capacity and free bits": ({ build, q, logLikelihood }) => {
    const kl = klDiagonalGaussian(build, q, undefined, { axes: [] });
    const perExample = build.sum(kl, { axes: [2] });
    const capacity = capacityObjective(build, { logLikelihood, kl: perExample, capacity: 0.7, gamma: 3 });
    return build.sub(capacity, freeBitsKl(build, build.sum(kl, { axes: [1] }), 0.1));
  },
};

/** Bounds and estimators. */
export function boundsConform(current: () => Engine): void {
  describe.each([1, 6])("at batch %i", (batch) => {
    it.each(Object.keys(objectives))("%s", async (name) => {
      const build = new GraphBuilder();
      const q = { mu: build.input("mu", ["batch", 1, LATENT]), logVar: build.input("logVar", ["batch", 1, LATENT]) };
      const z = reparameterise(build, q, build.input("eps", ["batch", SAMPLES, LATENT]));
      const logLikelihood = gaussianLogProb(build, build.constant([LATENT], [1, -0.5, 0.2]), { mu: z, variance: 0.5 });
      const logPrior = gaussianLogProb(build, z, standard(build));
      const objective = objectives[name]!({ build, q, z, logLikelihood, logPrior });
      const [mu, logVar] = vjp(build, [build.mean(objective)], [q.mu, q.logVar], [build.scalar(1)]);
      const program = build.program({ outputs: { objective, mu: mu!, logVar: logVar! } });
      const given = {
        mu: uniforms(batch * LATENT, "mu"),
        logVar: uniforms(batch * LATENT, "logVar"),
        eps: uniforms(batch * SAMPLES * LATENT, "eps"),
      };
      const inputs = Object.fromEntries(Object.keys(program.inputs).map((input) => [input, given[input as "mu"]]));
      await expectConforms(current(), program, { inputs, batch });
    });
  });

  describe("the decomposition of the KL", () => {
    const decompose = async (size: number | "batch", logWeightsOf: (build: GraphBuilder) => Node) => {
      const build = new GraphBuilder();
      const q = { mu: build.input("mu", [size, LATENT]), logVar: build.input("logVar", [size, LATENT]) };
      const z = reparameterise(build, q, build.input("eps", [size, LATENT]));
      const others = { mu: build.expandDims(q.mu, 0), logVar: build.expandDims(q.logVar, 0) };
      const { mutualInformation, totalCorrelation, dimensionWiseKl } = totalCorrelationDecomposition(build, {
        logPosterior: gaussianLogProb(build, z, q),
        logPrior: gaussianLogProb(build, z, standard(build), { axes: [] }),
        logPairs: gaussianLogProb(build, build.expandDims(z, 1), others, { axes: [] }),
        logWeights: logWeightsOf(build),
      });
      const [mu, logVar] = vjp(build, [build.sum(totalCorrelation)], [q.mu, q.logVar], [build.scalar(1)]);
      const outputs = { mutualInformation, totalCorrelation, dimensionWiseKl, mu: mu!, logVar: logVar! };
      const inputs = { mu: uniforms(12, "mu"), logVar: uniforms(12, "logVar"), eps: uniforms(12, "eps") };
      await expectConforms(current(), build.program({ outputs }), { inputs, batch: 4 });
    };

    it("over a batch of fixed size, with weights as a constant", () =>
      decompose(4, (build) => {
        const { shape, data } = mixtureLogWeights({ batch: 4, dataset: 100, method: "stratified" });
        return build.constant(shape, [...data]);
      }));

    it("over whatever batch there is, with one weight for all", () =>
      decompose("batch", (build) => build.neg(build.log(build.mul(build.scalar(100), build.emit("batchSize", []))))));
  });

  it("annealing brackets the exact log p(x) of a decoder that the engine runs", async () => {
    // Many chains of few temperatures: a run of 512 costs hardly more than one of 64, and the errors are as small.
    const [features, latent, chains, temperatures] = [5, 2, 512, sigmoidTemperatures(10)];
    const shape = { weights: [features, latent], mean: [features], x: [1, features] } as const;
    const { weights, mean, x } = Object.fromEntries(
      Object.entries(shape).map(([name, dims]) => {
        const data = Float64Array.from(uniforms(dims[0] * (dims[1] ?? 1), name));
        return [name, ndArray(dims, data)];
      }),
    ) as Record<"weights" | "mean" | "x", NdArray>;
    const model = { weights, mean, variance: ops.scalar(0.25) };
    const evidence = linearGaussianLogLikelihood(ops, x, model).data[0]!;

    const build = new GraphBuilder();
    const written = ({ shape: dims, data }: NdArray) => build.constant(dims, [...data]);
    const z = build.input("z", ["batch", latent]);
    const decoded = build.add(build.matmul(z, written(weights), { transposeB: true }), written(mean));
    const logJoint = build.add(
      gaussianLogProb(build, written(x), { mu: decoded, variance: 0.25 }),
      gaussianLogProb(build, z, standard(build)),
    );
    const [slope] = vjp(build, [build.sum(logJoint)], [z], [build.scalar(1)]);
    const program = build.program({ outputs: { value: logJoint, gradient: slope! } });
    const state = current().createState(program.state);
    const decoder = await current().compile(program, state);
    const target = async ({ data }: NdArray) => {
      const { outputs } = await decoder.run({ z: Float32Array.from(data) }, { batch: chains });
      const read = async (name: string) => {
        const values = Float64Array.from(await outputs[name]!.read());
        return ndArray(outputs[name]!.shape, values);
      };
      return { value: await read("value"), gradient: await read("gradient") };
    };

    const initial = (at: NdArray) => ({
      value: gaussianLogProb(ops, at, { mu: ops.scalar(0), logVar: ops.scalar(0) }),
      gradient: ops.neg(at),
    });
    const normals = (stream: string) => {
      const out = new Float32Array(chains * latent);
      randomNormal(out, { seed: 3, stream });
      return ndArray([chains, latent], Float64Array.from(out));
    };
    const { loc, scaleTril } = linearGaussianPosterior(ops, x, model);
    const exact = ops.add(loc, ops.matmul(normals("posterior"), scaleTril, { transposeB: true }));
    const options = { initial, target, temperatures, stepSize: 0.3, leapfrogSteps: 4 };
    const forward = await annealedImportanceSampling(normals("prior"), { ...options, key: { seed: 1, stream: "up" } });
    const backward = await reverseAnnealedImportanceSampling(exact, { ...options, key: { seed: 1, stream: "down" } });
    decoder.dispose();
    state.dispose();
    const { lower, upper, lowerError, upperError } = bidirectionalBound(forward, backward);
    // Five standard errors of the draws; float32 sums of some ten nats add 1e-5.
    expect(lower).toBeLessThan(evidence + 5 * lowerError + 1e-5);
    expect(upper).toBeGreaterThan(evidence - 5 * upperError - 1e-5);
    expect(upper - lower).toBeLessThan(0.3);
  });
}

import { GraphBuilder, type Node, type Program } from "@isthmus/graph";
import { elbo, sampledElbo } from "@isthmus/math";
import type { Condition } from "./condition.ts";
import type { BaseConfig } from "./config.ts";
import type { ModelDefinition } from "./definition.ts";
import { likelihoodMean, likelihoodOutputs, logLikelihood, type Observation } from "./likelihood.ts";
import * as parts from "./parts.ts";
import type { Divergence, Draw, Noise, Posterior } from "./posterior.ts";
import type { Prior } from "./prior.ts";
import type { Schedule } from "./schedule.ts";

/** What makes one latent-variable model differ from another. */
export interface VariationalParts<C extends BaseConfig> {
  readonly kind: string;
  readonly config: C;
  /** Elements of a code. */
  readonly codeSize: number;
  /** What the networks are told beside x and z. */
  readonly condition?: Condition;
  readonly schedules?: Readonly<Record<string, Schedule>>;
  /** q(z | x [, condition]) */
  posterior(build: GraphBuilder, x: Node, condition: Node | undefined): Posterior;
  /** p(z [| condition]) */
  prior(build: GraphBuilder, condition: Node | undefined): Prior;
  /** p(x | z [, condition]), of what the condition leaves of x. */
  decode(build: GraphBuilder, z: Node, condition: Node | undefined): Observation;
  /** What training minimises, `loss`, and what it tells beside it, scalars; else the mean of `negElbo` and its parts. */
  objective?(build: GraphBuilder, seen: Seen): Readonly<Record<string, Node>>;
  /** Per-example metrics beside those of the ELBO. */
  metrics?(build: GraphBuilder, seen: Seen): Readonly<Record<string, Node>>;
}

/** An example in a graph with what the model makes of it. */
export interface Seen {
  /** What the likelihood is of: the example, or what the condition leaves of it. */
  readonly x: Node;
  readonly condition: Node | undefined;
  readonly q: Posterior;
  readonly prior: Prior;
  readonly noise: Noise;
  /** Its ELBO. */
  readonly terms: () => Terms;
}

/** An ELBO, each [batch], nats. */
export interface Terms {
  readonly negElbo: Node;
  /** -log p(x | z) */
  readonly reconstruction: Node;
  readonly kl: Node;
  /** [batch, latent], where the latents are independent in q and p. */
  readonly klPerLatent?: Node;
  /** ||x - mean||^2 */
  readonly squaredError: Node;
}

/**
 * A model whose ELBO is maximised (Kingma, Welling 2014):
 *
 *     x -> encoder -> q(z | x) -> z -> decoder -> p(x | z),   log p(x) >= E log p(x | z) - KL(q(z | x) || p(z))
 *
 * with a drawn z, the KL in closed form where there is one and else sampled at the same z. In nats, summed over features
 * and averaged over the batch.
 */
export function variationalModel<C extends BaseConfig>(model: VariationalParts<C>): ModelDefinition<C> {
  const encoder = encoding(model);
  const loss = lossOf(model);
  return {
    kind: model.kind,
    config: model.config,
    parameters: { ...encoder.state, ...loss.state },
    encoder,
    decoder: decoding(model),
    evaluation: evaluationOf(model),
    prior: priorDraws(model),
    posterior: posteriorDraws(model),
    importance: importanceOf(model),
    ...(model.condition?.image && { condition: { ...model.condition.image, program: conditioning(model) } }),
    ...(model.schedules && { schedules: model.schedules }),
    phases: [parts.wholePhase("elbo", loss)],
  };
}

function noiseOf(build: GraphBuilder): Noise {
  return (stream) => ({ ...parts.noiseInputs(build), stream });
}

function encoding<C extends BaseConfig>(model: VariationalParts<C>): Program {
  const build = new GraphBuilder();
  const x = parts.observedWithoutNoise(build, model.config);
  return build.program({ outputs: { ...model.posterior(build, x, model.condition?.of(build, x)).code } });
}

function decoding<C extends BaseConfig>(model: VariationalParts<C>): Program {
  const build = new GraphBuilder();
  const { condition: told } = model;
  const z = build.input("z", ["batch", model.codeSize]);
  const condition = told?.input(build);
  const p = model.decode(build, z, condition);
  const mean = likelihoodMean(build, p);
  const outputs = Object.entries(likelihoodOutputs(build, p));
  return build.program({
    outputs: {
      reconstruction: told ? told.whole(build, mean, condition) : mean,
      ...Object.fromEntries(outputs.map(([name, value]) => [name, told ? told.whole(build, value) : value])),
    },
  });
}

function conditioning<C extends BaseConfig>({ config, condition }: VariationalParts<C>): Program {
  const build = new GraphBuilder();
  return build.program({ outputs: { condition: condition!.of(build, parts.observedWithoutNoise(build, config)) } });
}

function priorDraws<C extends BaseConfig>(model: VariationalParts<C>): Program {
  const build = new GraphBuilder();
  const prior = model.prior(build, model.condition?.input(build));
  return build.program({ outputs: { z: prior.draw(noiseOf(build)) } });
}

/** Of the encoder's x: what binarisation draws gives way to its mean, as in the code. */
function posteriorDraws<C extends BaseConfig>(model: VariationalParts<C>): Program {
  const build = new GraphBuilder();
  const x = parts.observedWithoutNoise(build, model.config);
  const q = model.posterior(build, x, model.condition?.of(build, x));
  return build.program({ outputs: { z: q.draw(noiseOf(build)).z } });
}

function lossOf<C extends BaseConfig>(model: VariationalParts<C>): Program {
  const build = new GraphBuilder();
  const seen = seenBy(build, model, true);
  if (model.objective) return build.program({ outputs: { ...model.objective(build, seen) } });
  const { negElbo, ...parts } = seen.terms();
  return build.program({ outputs: { loss: build.mean(negElbo), ...meanParts(build, parts) } });
}

/** Means over the batch of the two parts of an ELBO. */
export function meanParts(
  build: GraphBuilder,
  { reconstruction, kl }: Pick<Terms, "reconstruction" | "kl">,
): Record<"reconstruction" | "kl", Node> {
  return { reconstruction: build.mean(reconstruction), kl: build.mean(kl) };
}

function evaluationOf<C extends BaseConfig>(model: VariationalParts<C>): Program {
  const build = new GraphBuilder();
  const seen = seenBy(build, model, false);
  const { negElbo, reconstruction, kl, squaredError } = seen.terms();
  return build.program({
    outputs: { negElbo, reconstruction, kl, squaredError, ...model.metrics?.(build, seen) },
  });
}

function seenBy<C extends BaseConfig>(build: GraphBuilder, model: VariationalParts<C>, training: boolean): Seen {
  const x = parts.observed(build, model.config);
  const condition = model.condition?.of(build, x);
  const noise = noiseOf(build);
  const q = model.posterior(build, x, condition);
  const seen = { x: restOf(build, model, x), condition, q, prior: model.prior(build, condition), noise };
  const draws = () => (training ? q.trainingDraws?.(noise) : undefined) ?? q.draws(noise);
  return { ...seen, terms: () => termsOf(build, model, seen, draws()) };
}

/** What the likelihood is of. */
function restOf<C extends BaseConfig>(build: GraphBuilder, { condition }: VariationalParts<C>, x: Node): Node {
  return condition ? condition.rest(build, x) : x;
}

function termsOf<C extends BaseConfig>(
  build: GraphBuilder,
  model: VariationalParts<C>,
  { x, condition, q, prior }: Omit<Seen, "terms">,
  draws: readonly Draw[],
): Terms {
  const decoded = draws.map((draw) => ({ ...draw, p: model.decode(build, draw.z, condition) }));
  const expected = (value: (draw: (typeof decoded)[number]) => Node): Node => expectation(build, decoded, value);
  const likelihood = expected(({ p }) => logLikelihood(build, x, p));
  const { total: kl, perLatent }: Divergence = prior.kl(q) ?? {
    total: expected(({ z, logPosterior }) => build.sub(logPosterior, prior.logDensity(z))),
  };
  return {
    negElbo: build.neg(elbo(build, { logLikelihood: likelihood, kl })),
    reconstruction: build.neg(likelihood),
    kl,
    ...(perLatent && { klPerLatent: perLatent }),
    squaredError: expected(({ p }) => parts.squaredError(build, x, p)),
  };
}

/** The sum over draws of share times value, [batch]. */
function expectation<D extends Draw>(build: GraphBuilder, draws: readonly D[], value: (draw: D) => Node): Node {
  const weighted = draws.map((draw) => (draw.share ? build.mul(draw.share, value(draw)) : value(draw)));
  return weighted.reduce((sum, one) => build.add(sum, one));
}

function importanceOf<C extends BaseConfig>(model: VariationalParts<C>): Program {
  const build = new GraphBuilder();
  const x = parts.observed(build, model.config, "dataStep");
  const condition = model.condition?.of(build, x);
  const seen = { x: restOf(build, model, x), condition, prior: model.prior(build, condition) };
  const draw = model.posterior(build, x, condition).draw(noiseOf(build));
  return build.program({ outputs: { logWeight: logWeight(build, model, seen, draw) } });
}

/** log p(x, z) - log q(z | x) of a drawn z, given the condition where there is one; nats, [batch]. */
export function logWeight<C extends BaseConfig>(
  build: GraphBuilder,
  model: Pick<VariationalParts<C>, "decode">,
  { x, condition, prior }: Pick<Seen, "x" | "condition" | "prior">,
  { z, logPosterior }: Draw,
): Node {
  const likelihood = logLikelihood(build, x, model.decode(build, z, condition));
  return sampledElbo(build, { logLikelihood: likelihood, logPrior: prior.logDensity(z), logPosterior });
}

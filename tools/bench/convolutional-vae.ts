import { conv2d, conv2dTranspose, dense, type GraphBuilder, type Node } from "@isthmus/graph";
import { bernoulliLogProbFromLogits, elbo, klDiagonalGaussian, reparameterise } from "@isthmus/math";

const MOVES = { window: 4, strides: 2, padding: "same" } as const;
const RELU = { activation: "relu" } as const;

/** Images `x` [batch, 28, 28, 1]: the mean negative ELBO with one drawn z, in nats. */
export function convolutionalLoss(build: GraphBuilder): Node {
  const x = build.input("x", ["batch", 28, 28, 1]);
  const q = posterior(build, x);
  const noise = { seed: build.input("seed", [2], "i32"), step: build.input("step", [2], "i32") };
  const eps = build.randomNormal(q.mu.shape, { ...noise, stream: "eps" });
  const logits = decoder(build, reparameterise(build, q, eps));
  const flat = (images: Node): Node => build.reshape(images, ["batch", 784]);
  const logLikelihood = bernoulliLogProbFromLogits(build, flat(x), flat(logits));
  return build.mean(build.neg(elbo(build, { logLikelihood, kl: klDiagonalGaussian(build, q) })));
}

function posterior(build: GraphBuilder, x: Node): { mu: Node; logVar: Node } {
  const first = conv2d(build, x, { name: "encoder.conv0", filters: 32, ...MOVES, ...RELU });
  const second = conv2d(build, first, { name: "encoder.conv1", filters: 64, ...MOVES, ...RELU });
  const flat = build.reshape(second, ["batch", 3136]);
  const h = dense(build, flat, { name: "encoder.dense", units: 256, ...RELU });
  return {
    mu: dense(build, h, { name: "encoder.mu", units: 32 }),
    logVar: dense(build, h, { name: "encoder.logVar", units: 32 }),
  };
}

/** Logits, [batch, 28, 28, 1]. */
function decoder(build: GraphBuilder, z: Node): Node {
  const h = dense(build, z, { name: "decoder.dense0", units: 256, ...RELU });
  const flat = dense(build, h, { name: "decoder.dense1", units: 3136, ...RELU });
  const images = build.reshape(flat, ["batch", 7, 7, 64]);
  const first = conv2dTranspose(build, images, { name: "decoder.conv0", filters: 32, ...MOVES, ...RELU });
  return conv2dTranspose(build, first, { name: "decoder.conv1", filters: 1, ...MOVES });
}

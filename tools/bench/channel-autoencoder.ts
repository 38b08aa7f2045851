import { dense, type GraphBuilder, type Node } from "@isthmus/graph";
import { MESSAGES, NOISE, USES } from "./workloads.ts";

/** Messages `x` [batch, 16], one-hot, over a noisy channel: the mean cross-entropy in nats (O'Shea, Hoydis 2017). */
export function channelLoss(build: GraphBuilder): Node {
  const x = build.input("x", ["batch", MESSAGES]);
  const noise = { seed: build.input("seed", [2], "i32"), step: build.input("step", [2], "i32"), stream: "channel" };
  const h = dense(build, x, { name: "encoder.hidden", units: MESSAGES, activation: "relu" });
  const sent = unitEnergy(build, dense(build, h, { name: "encoder.symbols", units: USES }));
  const received = build.add(sent, build.mul(build.randomNormal(sent.shape, noise), build.scalar(NOISE)));
  const g = dense(build, received, { name: "decoder.hidden", units: MESSAGES, activation: "relu" });
  const logits = dense(build, g, { name: "decoder.logits", units: MESSAGES });
  return build.mean(build.softmaxCrossEntropy(logits, x));
}

/** ||symbols||^2 = uses in each row. */
function unitEnergy(build: GraphBuilder, symbols: Node): Node {
  const energy = build.sum(build.square(symbols), { axes: [1], keepDims: true });
  return build.div(symbols, build.sqrt(build.div(energy, build.scalar(USES))));
}

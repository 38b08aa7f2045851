import * as tf from "@tensorflow/tfjs-core";
import { layers } from "@tensorflow/tfjs-layers";
import { MESSAGES, NOISE, USES, type Workload, WORKLOADS } from "./workloads.ts";

/** The loss of a batch, [batch, width], as a user of stock TensorFlow.js writes it. */
export type Loss = (x: tf.Tensor2D) => tf.Scalar;

export function lossOf(work: Workload): Loss {
  switch (work) {
    case WORKLOADS.digits:
    case WORKLOADS.noZeros:
      return denseVae();
    case WORKLOADS.channel:
      return channelAutoencoder();
    case WORKLOADS.images:
      return convolutionalVae();
  }
}

type Chain = (x: tf.Tensor) => tf.Tensor2D;

const chain =
  (...stages: readonly { apply(x: tf.Tensor): unknown }[]): Chain =>
  (x) =>
    stages.reduce((value, stage) => stage.apply(value) as tf.Tensor, x) as tf.Tensor2D;

const dense = (units: number, activation?: "relu") => layers.dense({ units, ...(activation && { activation }) });

function denseVae(): Loss {
  return vae({
    hidden: chain(dense(400, "relu")),
    mean: chain(dense(20)),
    logVariance: chain(dense(20)),
    decoder: chain(dense(400, "relu"), dense(784)),
  });
}

function convolutionalVae(): Loss {
  const moves = { kernelSize: 4, strides: 2, padding: "same" } as const;
  const relu = { activation: "relu" } as const;
  return vae({
    hidden: chain(
      layers.reshape({ targetShape: [28, 28, 1] }),
      layers.conv2d({ filters: 32, ...moves, ...relu }),
      layers.conv2d({ filters: 64, ...moves, ...relu }),
      layers.flatten(),
      dense(256, "relu"),
    ),
    mean: chain(dense(32)),
    logVariance: chain(dense(32)),
    decoder: chain(
      dense(256, "relu"),
      dense(3136, "relu"),
      layers.reshape({ targetShape: [7, 7, 64] }),
      layers.conv2dTranspose({ filters: 32, ...moves, ...relu }),
      layers.conv2dTranspose({ filters: 1, ...moves }),
      layers.flatten(),
    ),
  });
}

interface VaeParts {
  readonly hidden: Chain;
  readonly mean: Chain;
  readonly logVariance: Chain;
  readonly decoder: Chain;
}

/** The negative ELBO with one drawn z, in nats per example. */
function vae({ hidden, mean, logVariance, decoder }: VaeParts): Loss {
  return (x) => {
    const h = hidden(x);
    const mu = mean(h);
    const logVar = logVariance(h);
    const z = tf.add(mu, tf.mul(tf.randomNormal(mu.shape), tf.exp(tf.mul(logVar, 0.5))));
    const logits = decoder(z);
    const reconstruction = tf.losses.sigmoidCrossEntropy(x, logits, undefined, undefined, tf.Reduction.SUM);
    const kl = tf.mul(tf.sum(tf.sub(tf.sub(tf.add(logVar, 1), tf.square(mu)), tf.exp(logVar))), -0.5);
    return tf.div(tf.add(reconstruction, kl), x.shape[0]);
  };
}

function channelAutoencoder(): Loss {
  const encoder = chain(dense(MESSAGES, "relu"), dense(USES));
  const decoder = chain(dense(MESSAGES, "relu"), dense(MESSAGES));
  return (x) => {
    const symbols = encoder(x);
    const energy = tf.sum(tf.square(symbols), 1, true);
    const sent = tf.mul(symbols, tf.rsqrt(tf.div(energy, USES)));
    const received = tf.add(sent, tf.mul(tf.randomNormal(sent.shape), NOISE));
    return tf.losses.softmaxCrossEntropy(x, decoder(received)) as tf.Scalar;
  };
}

/** The autoencoder of MLPerf Tiny's anomaly detection: how it is trained, with batch normalisation, and what it becomes without. */
import { batchNorm, dense, GraphBuilder, type Node, type Program, type StoredTensor } from "@isthmus/graph";
import { deepAutoencoder, type ModelDefinition, type Trainable } from "@isthmus/models";
import { BANDS, FRAMES, WINDOW } from "./machine-recordings.ts";

const HIDDEN = [128, 128, 128, 128] as const;
const CODE = 8;
/** Of the reference, which is Keras's. */
const EPSILON = 1e-3;

const encoderLayers = [
  ...HIDDEN.map((units, i) => ({ name: `encoder.dense${i}`, units })),
  { name: "encoder.z", units: CODE },
];
const decoderLayers = HIDDEN.map((units, i) => ({ name: `decoder.dense${i}`, units }));
const normalised: readonly string[] = [...encoderLayers, ...decoderLayers].map(({ name }) => name);

/** 640-128-128-128-128-8-128-128-128-128-640 with nothing to normalise: what is coded, bundled and exported. */
export function foldedAutoencoder(): ModelDefinition {
  return deepAutoencoder({
    inputShape: [FRAMES, BANDS, 1],
    trunk: { kind: "dense", hidden: HIDDEN },
    latent: CODE,
    likelihood: { kind: "gaussian" },
  });
}

/** The same as it is trained: batch normalisation behind every dense layer but the last. Its loss is the mean squared error of a number. */
export function anomalyAutoencoder(): Trainable {
  const evaluation = errors(new Pass(false));
  const trained = new Pass(true);
  const error = trained.error();
  const loss = trained.build.program({ outputs: { loss: trained.build.mean(error) }, updates: trained.updates });
  const statistics = new Set(Object.keys(trained.updates));
  return {
    kind: "anomaly",
    config: { inputShape: [FRAMES, BANDS, 1] },
    parameters: { ...evaluation.state, ...loss.state },
    encoder: encoderOf(new Pass(false)),
    decoder: decoderOf(new Pass(false)),
    evaluation,
    phases: [
      { name: "reconstruction", loss, parameters: Object.keys(loss.state).filter((name) => !statistics.has(name)) },
    ],
  };
}

function errors(pass: Pass): Program {
  return pass.build.program({ outputs: { squaredError: pass.error() } });
}

function encoderOf(pass: Pass): Program {
  return pass.build.program({ outputs: { z: pass.code() } });
}

function decoderOf(pass: Pass): Program {
  return pass.build.program({ outputs: { reconstruction: pass.decoded(pass.build.input("z", ["batch", CODE])) } });
}

/** One pass through the network. */
class Pass {
  readonly build: GraphBuilder = new GraphBuilder();
  readonly updates: Record<string, Node> = {};
  private readonly training: boolean;
  private readonly x: Node;

  constructor(training: boolean) {
    this.training = training;
    this.x = this.build.input("x", ["batch", WINDOW]);
  }

  /** [batch] */
  error(): Node {
    const apart = this.build.sub(this.x, this.decoded(this.code()));
    return this.build.mean(this.build.square(apart), { axes: [-1] });
  }

  /** [batch, 8]; it is rounded to bins on either side of 0, so it is not rectified. */
  code(): Node {
    return encoderLayers.reduce((h, layer) => {
      const y = this.normalised(h, layer);
      return layer.name === "encoder.z" ? y : this.build.relu(y);
    }, this.x);
  }

  /** [batch, 640] */
  decoded(z: Node): Node {
    const h = decoderLayers.reduce((from, layer) => this.build.relu(this.normalised(from, layer)), z);
    return dense(this.build, h, { name: "decoder.output", units: WINDOW });
  }

  private normalised(h: Node, layer: { readonly name: string; readonly units: number }): Node {
    const name = `${layer.name}.norm`;
    const made = batchNorm(this.build, dense(this.build, h, layer), {
      name,
      training: this.training,
      epsilon: EPSILON,
    });
    Object.assign(this.updates, made.updates);
    return made.y;
  }
}

type Tensors = Readonly<Record<string, StoredTensor>>;

/** The parameters of {@link foldedAutoencoder} that make the same of every item: (x W + b - mean) f + shift = x (W f) + ((b - mean) f + shift). */
export function foldedParameters(trained: Tensors): Tensors {
  const folded = normalised.flatMap((layer) => {
    const of = (name: string) => trained[`${layer}.${name}`] as StoredTensor & { readonly data: Float32Array };
    const [kernel, bias, scale, shift, mean, variance] = [
      ...["kernel", "bias", "norm.scale", "norm.shift", "norm.mean", "norm.variance"].map(of),
    ] as [ReturnType<typeof of>, ...ReturnType<typeof of>[]];
    const factors = Float64Array.from(variance!.data, (v, c) => scale!.data[c]! / Math.sqrt(v + EPSILON));
    const weights = kernel.data.map((w, i) => w * factors[i % factors.length]!);
    const biases = bias!.data.map((b, c) => (b - mean!.data[c]!) * factors[c]! + shift!.data[c]!);
    return [
      [`${layer}.kernel`, { shape: kernel.shape, data: weights }],
      [`${layer}.bias`, { shape: bias!.shape, data: biases }],
    ] as const;
  });
  const last = ["decoder.output.kernel", "decoder.output.bias"].map((name) => [name, trained[name]!] as const);
  return Object.fromEntries([...folded, ...last]);
}

import { adam, dense, GraphBuilder, initialise, type Node, type Program, vjp } from "../../src/index.ts";
import { randomUniform, reparameterise } from "@isthmus/math";

export interface VaeSizes {
  readonly pixels: number;
  readonly hidden: number;
  readonly latent: number;
}

export const MNIST: VaeSizes = { pixels: 784, hidden: 400, latent: 20 };

/** Loss of a dense VAE (Kingma, Welling 2014) with its gradients by parameter name. */
function vaeLoss({ pixels, hidden, latent }: VaeSizes): {
  build: GraphBuilder;
  loss: Node;
  parameters: Record<string, Node>;
  gradients: Record<string, Node>;
} {
  const build = new GraphBuilder();
  const x = build.input("x", ["batch", pixels]);
  const seed = build.input("seed", [2], "i32");
  const step = build.input("step", [2], "i32");
  const h = dense(build, x, { name: "encoder.dense0", units: hidden, activation: "relu" });
  const mu = dense(build, h, { name: "encoder.mu", units: latent });
  const logVar = dense(build, h, { name: "encoder.logVar", units: latent });
  const noise = build.randomNormal(["batch", latent], { seed, step, stream: "latent" });
  const z = reparameterise(build, { mu, logVar }, noise);
  const d = dense(build, z, { name: "decoder.dense0", units: hidden, activation: "relu" });
  const logits = dense(build, d, { name: "decoder.out", units: pixels });
  const reconstruction = build.sum(build.sigmoidCrossEntropy(logits, x), { axes: [1] });
  const one = build.scalar(1);
  const terms = build.sub(build.add(build.square(mu), build.exp(logVar)), build.add(one, logVar));
  const kl = build.mul(build.sum(terms, { axes: [1] }), build.scalar(0.5));
  const loss = build.mean(build.add(reconstruction, kl));
  const spec = build.stateSpec;
  const parameters = Object.fromEntries(Object.keys(spec).map((name) => [name, build.state(name, spec[name]!)]));
  const names = Object.keys(parameters);
  const slopes = vjp(build, [loss], Object.values(parameters), [one]);
  return { build, loss, parameters, gradients: Object.fromEntries(names.map((name, i) => [name, slopes[i]!])) };
}

/** One training step with Adam, guarded by the loss. */
export function vaeTraining(sizes: VaeSizes): Program {
  const { build, loss, parameters, gradients } = vaeLoss(sizes);
  return build.program({ outputs: { loss }, updates: adam(build, parameters, gradients), guard: loss });
}

/** The loss and every gradient as outputs, without updates. */
export function vaeGradients(sizes: VaeSizes): Program {
  const { build, loss, gradients } = vaeLoss(sizes);
  return build.program({ outputs: { loss, ...gradients } });
}

/** First values of the state, and a batch of pixels in [0, 1]. */
export function vaeData(program: Program, { pixels }: VaeSizes, batch: number, seed = 1) {
  const x = new Float32Array(batch * pixels);
  randomUniform(x, { seed, stream: "pixels" });
  return {
    state: initialise(program.state, seed),
    inputs: { x, seed: Int32Array.of(seed, 0), step: Int32Array.of(0, 0) },
  };
}

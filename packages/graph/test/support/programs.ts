import { adam, dense, GraphBuilder, type Program, vjp } from "../../src/index.ts";

/** Encoder and decoder of a very small model, with parameters of the names the zoo uses. */
export function network(side: string, from: number, to: number): Program {
  const build = new GraphBuilder();
  const x = build.input(side === "encoder" ? "x" : "z", ["batch", from]);
  return build.program({ outputs: { y: dense(build, x, { name: `${side}.dense0`, units: to, activation: "tanh" }) } });
}

/** A training step with noise, a binarised input, Adam and a guard. */
function trainingStep(): Program {
  const build = new GraphBuilder();
  const x = build.cast(build.input("x", ["batch", 4], "u8"));
  const source = { seed: build.input("seed", [2], "i32"), step: build.input("step", [2], "i32") };
  const bits = build.greater(x, build.randomUniform(["batch", 4], { ...source, stream: "binarize" }));
  const h = dense(build, x, { name: "encoder.dense0", units: 3, activation: "softplus" });
  const z = build.add(h, build.randomNormal(["batch", 3], { ...source, stream: "eps" }));
  const logits = dense(build, z, { name: "decoder.output", units: 4 });
  const loss = build.mean(build.sum(build.sigmoidCrossEntropy(logits, bits), { axes: [1] }));
  const names = Object.keys(build.stateSpec);
  const parameters = Object.fromEntries(names.map((name) => [name, build.state(name, build.stateSpec[name]!)]));
  const gradients = vjp(build, [loss], Object.values(parameters), [build.scalar(1)]);
  const updates = adam(build, parameters, Object.fromEntries(names.map((name, i) => [name, gradients[i]!])));
  return build.program({ outputs: { loss }, updates, guard: loss });
}

/** A gradient penalty with shapes of every kind in it. */
function penalty(): Program {
  const build = new GraphBuilder();
  const x = build.input("x", ["batch", 2, 2]);
  const y = build.transpose(build.tanh(build.reshape(x, ["batch", 4])), [1, 0]);
  const [g] = vjp(build, [build.sum(build.max(y, { axes: [0] }))], [x], [build.scalar(1)]);
  const chosen = build.select(
    build.greater(g!, build.scalar(0)),
    build.straightThrough(build.sign(g!), g!),
    build.abs(g!),
  );
  return build.program({
    outputs: { penalty: build.sum(build.square(chosen)), "é/\u2028": build.broadcastTo(y, [2, 4, "batch"]) },
  });
}

export const programs: Readonly<Record<string, () => Program>> = {
  encoder: () => network("encoder", 4, 3),
  decoder: () => network("decoder", 3, 4),
  trainingStep,
  penalty,
};

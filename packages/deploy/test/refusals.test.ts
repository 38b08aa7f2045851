import { conv2d, dense, type GraphBuilder, initialise, layerNorm, type Node, type Program } from "@isthmus/graph";
import { conditionalVae, learnedCodec, vae } from "@isthmus/models";
import { expect, test } from "vitest";
import { calibrate, lowerNetwork, type Network, quantiseNetwork } from "../src/index.ts";
import { items, networkOf } from "./networks.ts";

const ranges = new Map(Array.from({ length: 40 }, (_, id) => [id, { min: -1, max: 1 }]));

function quantise(network: Network, name = "z"): Network {
  return quantiseNetwork(network, { ranges, outputs: { [name]: { steps: [1] } } });
}

const of = (make: (build: GraphBuilder, x: Node) => Node): Network =>
  networkOf([4], (build, x) => ({ z: make(build, x) }));
const layer = (build: GraphBuilder, x: Node, name = "last") => dense(build, x, { name, units: 3 });

test.each<[string, Network, RegExp]>([
  ["a normalisation", of((b, x) => layer(b, layerNorm(b, x, { name: "norm" }))), /has no form in integers: only dense/],
  [
    "an output with an activation",
    of((b, x) => b.tanh(layer(b, x))),
    /\(tanh\) .* "z" is to come out of a layer without an activation/,
  ],
  ["an output that is the input", of((_, x) => x), /\(input\) .* the output "z" is to come out of a layer/],
  [
    "a product of values",
    of((b, x) => b.matmul(x, b.reshape(b.sum(x, { axes: [0] }), [4, 1]))),
    /its second factor is no parameter/,
  ],
  ["too many taps", networkOf([40_000], (b, x) => ({ z: layer(b, x) })), /40000 products, more than 32768/],
])("%s is refused by name", (_, network, message) => {
  expect(() => quantise(network)).toThrow(message);
  expect(() => quantise(network)).toThrow(expect.objectContaining({ code: "DEPLOY_OPERATION" }));
});

test("an output that another layer reads is refused by name", () => {
  const network = networkOf([4], (build, x) => {
    const a = layer(build, x, "a");
    return { z: a, more: layer(build, a) };
  });
  const outputs = { z: { steps: [1] }, more: { steps: [1] } };
  expect(() => quantiseNetwork(network, { ranges, outputs })).toThrow(/"z" is read by "matmul", too/);
});

function zooNetwork({ encoder }: { readonly encoder: Program }): Network {
  const values = initialise(encoder.state, 1);
  const parameters = Object.fromEntries(
    Object.entries(encoder.state).map(([name, { shape }]) => [name, { shape, data: values[name]! }]),
  );
  return { program: encoder, parameters };
}

test("a trunk with GDN is refused by name, with what to choose in its place", () => {
  const codec = (gdn: boolean) =>
    zooNetwork(learnedCodec({ inputShape: [4], trunk: { kind: "dense", hidden: [5] }, gdn }));
  expect(() => quantise(codec(true))).toThrow(
    '"encoder/dense0/gdn/gdn" (gdn) has no form in integers: divisive normalisation (GDN) divides by what the network computes; train the codec with an integer-friendly trunk, gdn off and the activation relu',
  );
  expect(() => quantise(codec(true))).toThrow(expect.objectContaining({ code: "DEPLOY_OPERATION" }));
  expect(() => quantise(codec(false))).not.toThrow();
});

test("rows that are cut off in front are refused by name", () => {
  const network = networkOf([4, 4, 1], (build, x) => {
    const y = conv2d(build, x, { name: "conv", filters: 2, window: 1 });
    return { z: layer(build, build.reshape(build.slice(y, { axis: 1, begin: 1, end: 4 }), ["batch", 24])) };
  });
  expect(() => quantise(network)).toThrow(/\(slice\) has no form in integers: only/);
});

test("a conditional encoder is refused: a plan has one input", () => {
  expect(() => quantise(zooNetwork(conditionalVae()), "mu")).toThrow(/"network" expected one input, got x, label/);
});

test("outputs, ranges and methods that are none are named", async () => {
  const network = zooNetwork(vae());
  expect(() => quantise(network, "z")).toThrow(/"outputs" expected some of mu, logVar, got "z"/);
  expect(() => quantiseNetwork(network, { ranges: new Map(), outputs: { mu: { steps: [1] } } })).toThrow(
    /"ranges" expected what node 0 is between, as calibrate gives for these outputs, got nothing/,
  );
  expect(() => quantiseNetwork(network, { ranges, outputs: {} })).toThrow(/"outputs" expected at least one/);
  const batches = [items(1, 784)];
  await expect(calibrate(network, { outputs: ["mu"], batches, method: "best" as "mse" })).rejects.toThrow(
    /"method" expected minmax, percentile, mse, outputs, got best/,
  );
  await expect(calibrate(network, { outputs: ["mu"], batches: [] })).rejects.toMatchObject({
    code: "DEPLOY_CALIBRATION",
  });
  const infinite = [new Float32Array(784).fill(Infinity)];
  await expect(calibrate(network, { outputs: ["mu"], batches: infinite })).rejects.toThrow(
    /node 0 \(input\) is Infinity/,
  );
});

test("what is not in integers is not lowered", () => {
  expect(() => lowerNetwork(of((b, x) => layer(b, x)))).toThrow(expect.objectContaining({ code: "DEPLOY_OPERATION" }));
});

/** Networks with embeddings, normalisation and classes on the engine: values, gradients and running statistics. */
import {
  batchNorm,
  dense,
  embedding,
  GraphBuilder,
  layerNorm,
  type Node,
  type Program,
  vjp,
  type Engine,
} from "../../src/index.ts";
import { randomUniform } from "@isthmus/math";
import { describe, expect, it } from "vitest";
import { expectConforms } from "./conforms.ts";

function values(count: number, stream: string, from: number, to: number): Float32Array {
  const out = new Float32Array(count);
  randomUniform(out, { seed: 11, stream });
  return out.map((x) => from + (to - from) * x);
}

/** The loss with every gradient as outputs; running statistics are no parameters. */
function withGradients(build: GraphBuilder, loss: Node, updates: Readonly<Record<string, Node>> = {}): Program {
  const names = Object.keys(build.stateSpec).filter((name) => !(name in updates));
  const parameters = names.map((name) => build.state(name, build.stateSpec[name]!));
  const slopes = vjp(build, [loss], parameters, [build.scalar(1)]);
  return build.program({
    outputs: { loss, ...Object.fromEntries(names.map((name, i) => [`d.${name}`, slopes[i]!])) },
    updates,
  });
}

/** Scales and variances around 1, the rest around 0. */
function stateOf({ state }: Program): Record<string, Float32Array> {
  const fill = ([name, { shape }]: [string, { shape: readonly number[] }]): [string, Float32Array] => {
    const positive = name.endsWith("scale") || name.endsWith("variance");
    const count = shape.reduce((n, dim) => n * dim, 1);
    return [name, values(count, name, positive ? 0.5 : -0.5, positive ? 1.5 : 0.5)];
  };
  return Object.fromEntries(Object.entries(state).map(fill));
}

/** Networks with embeddings, normalisation and classes. */
export function layersConform(current: () => Engine): void {
  describe.each([1, 5])("at batch %i, the interpreter's loss and gradients of", (batch) => {
    const labels = Int32Array.from({ length: batch }, (_, i) => (3 * i) % 4);
    const x = values(batch * 6, "x", -1, 1);

    it("a classifier with layer normalisation", async () => {
      const build = new GraphBuilder();
      const h = dense(build, build.input("x", ["batch", 6]), { name: "hidden", units: 7, activation: "tanh" });
      const logits = dense(build, layerNorm(build, h, { name: "norm" }), { name: "out", units: 4 });
      const loss = build.mean(build.softmaxCrossEntropy(logits, build.input("labels", ["batch"], "i32")));
      const program = withGradients(build, loss);
      await expectConforms(current(), program, { inputs: { x, labels }, state: stateOf(program), batch });
    });

    it("an embedding of pairs of ids", async () => {
      const build = new GraphBuilder();
      const pairs = embedding(build, build.input("ids", ["batch", 2], "i32"), { name: "words", rows: 4, units: 3 });
      const log = build.logSoftmax(dense(build, build.reshape(pairs, ["batch", 6]), { name: "out", units: 4 }));
      const chosen = build.mul(log, build.oneHot(build.input("labels", ["batch"], "i32"), 4));
      const program = withGradients(build, build.neg(build.mean(build.sum(chosen, { axes: [-1] }))));
      const ids = Int32Array.from({ length: 2 * batch }, (_, i) => (i * i) % 4);
      await expectConforms(current(), program, { inputs: { ids, labels }, state: stateOf(program), batch });
    });
  });

  // At batch 1 the variance is 0 and what is divided by its root is rounding alone.
  it.each([2, 5])("batch normalisation moves its statistics as the interpreter does, batch %i", async (batch) => {
    const build = new GraphBuilder();
    const h = dense(build, build.input("x", ["batch", 6]), { name: "hidden", units: 5 });
    const { y, updates } = batchNorm(build, h, { name: "norm", training: true });
    const program = withGradients(build, build.mean(build.square(build.tanh(y))), updates);
    const x = values(batch * 6, "x", -1, 1);
    await expectConforms(current(), program, { inputs: { x }, state: stateOf(program), batch });
  });

  it("ids out of range are refused before anything runs", async () => {
    const build = new GraphBuilder();
    const y = embedding(build, build.input("ids", ["batch"], "i32"), { name: "words", rows: 4, units: 3 });
    const program = build.program({ outputs: { y } });
    const executable = await current().compile(program, current().createState(program.state));
    await expect(executable.run({ ids: Int32Array.of(0, 4) })).rejects.toThrow(
      new RangeError(`run: input "ids" expected ids in [0, 4), got 4 at 1`),
    );
  });
}

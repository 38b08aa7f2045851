/** A cross-entropy and its gradient at the logits are made by one call, if what scales the gradient can be had before. */
import { GraphBuilder, type Node, type Program, vjp } from "@isthmus/graph";
import { createWasmEngine, type WasmEngine } from "@isthmus/wasm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectConforms } from "../../graph/test/conformance/conforms.ts";

let engine: WasmEngine;
beforeAll(async () => {
  engine = await createWasmEngine({ build: "simd128" });
});
afterAll(() => engine.dispose());

const [BATCH, WIDTH] = [7, 13];

type LossOf = (build: GraphBuilder, terms: Node) => Node;
type CrossEntropy = "sigmoidCrossEntropy" | "softmaxCrossEntropy";

/** The loss that `lossOf` makes of a cross-entropy of logits [batch, WIDTH], and its slopes at what the logits are made of. */
function training(crossEntropy: CrossEntropy, lossOf: LossOf): Program {
  const build = new GraphBuilder();
  const shift = build.state("shift", { shape: [WIDTH], init: { kind: "zeros" } });
  const logits = build.add(build.input("l", ["batch", WIDTH]), shift);
  const terms = build[crossEntropy](logits, build.sigmoid(build.input("x", ["batch", WIDTH])));
  const loss = lossOf(build, terms);
  const [slope] = vjp(build, [loss], [shift], [build.scalar(1)]) as [Node];
  return build.program({ outputs: { loss, slope, terms } });
}

const rows: LossOf = (build, terms) => (terms.shape.length > 1 ? build.sum(terms, { axes: [1] }) : terms);
const weighted: LossOf = (build, terms) => build.sum(build.mul(rows(build, terms), build.input("w", ["batch"])));
// Of the batch, not of the loss.
const scaled: LossOf = (build, terms) => build.mul(build.sum(terms), build.sum(build.input("w", ["batch"])));

const losses: readonly (readonly [what: string, CrossEntropy, LossOf, "one" | "two"])[] = [
  ["a mean", "sigmoidCrossEntropy", (build, terms) => build.mean(terms), "one"],
  ["a sum of sums", "sigmoidCrossEntropy", (build, terms) => build.sum(rows(build, terms)), "one"],
  ["a sum scaled by data", "sigmoidCrossEntropy", scaled, "one"],
  ["a sum of weighted rows", "sigmoidCrossEntropy", weighted, "two"],
  ["a square of the sum", "sigmoidCrossEntropy", (build, terms) => build.square(build.mean(terms)), "two"],
  ["a mean", "softmaxCrossEntropy", (build, terms) => build.mean(terms), "one"],
  ["a sum scaled by data", "softmaxCrossEntropy", scaled, "one"],
  ["a sum of weighted rows", "softmaxCrossEntropy", weighted, "one"],
  ["a square of the sum", "softmaxCrossEntropy", (build, terms) => build.square(build.mean(terms)), "two"],
];

describe.each(losses)("%s, %s", (_, crossEntropy, lossOf, calls) => {
  it(`takes ${calls} of the calls`, async () => {
    const program = training(crossEntropy, lossOf);
    const plan = (await engine.compile(program, engine.createState(program.state))).plan(BATCH);
    const kernels = plan.calls.map(({ kernel }) => kernel).filter((kernel) => kernel.startsWith(crossEntropy));
    const two = [crossEntropy, `${crossEntropy}Grad`];
    expect(kernels).toEqual(calls === "one" ? [`${crossEntropy}Both`] : two);
    expect(plan.flops).toBeGreaterThanOrEqual(2 * BATCH * WIDTH);
  });

  it("conforms to the interpreter", async () => {
    const program = training(crossEntropy, lossOf);
    const ramp = (length: number, scale: number) => Float32Array.from({ length }, (__, i) => scale * Math.sin(1 + i));
    const all = { l: ramp(BATCH * WIDTH, 9), x: ramp(BATCH * WIDTH, 1), w: ramp(BATCH, 2) };
    const inputs = Object.fromEntries(Object.entries(all).filter(([name]) => name in program.inputs));
    await expectConforms(engine, program, { inputs, state: { shift: ramp(WIDTH, 0.5) }, batch: BATCH });
  });
});

/** What a transmitter and a receiver over a noisy channel are made of (O'Shea, Hoydis 2017). */
import { dense, embedding, GraphBuilder, initialise, interpret, type Node, type Program } from "@isthmus/graph";
import { expect, test } from "vitest";
import { checkOnnx, type ExportOptions, exportOnnx } from "../src/index.ts";
import { type Arrays, runtimes } from "./support/runtimes.ts";

const MESSAGES = 8;
const USES = 6;

/** Symbols whose mean power over an example is 1. */
function normalised(build: GraphBuilder, x: Node): Node {
  const power = build.mean(build.square(x), { axes: [-1], keepDims: true });
  return build.div(x, build.sqrt(power));
}

function transmitter(code: (build: GraphBuilder, message: Node) => Node): Program {
  const build = new GraphBuilder();
  const hidden = dense(build, code(build, build.input("message", ["batch"], "i32")), {
    name: "transmitter.dense0",
    units: 7,
    activation: "relu",
  });
  return build.program({
    outputs: { symbols: normalised(build, dense(build, hidden, { name: "transmitter.symbols", units: USES })) },
  });
}

function receiver(): Program {
  const build = new GraphBuilder();
  const logits = dense(build, build.input("received", ["batch", USES]), { name: "receiver.logits", units: MESSAGES });
  const best = build.max(logits, { axes: [-1], keepDims: true });
  return build.program({
    outputs: { logits, probabilities: build.softmax(logits), decision: build.equal(logits, best) },
  });
}

/** The whole road, its noise drawn in the graph. */
function channel(): Program {
  const build = new GraphBuilder();
  const oneHot = build.oneHot(build.input("message", ["batch"], "i32"), MESSAGES);
  const symbols = normalised(build, dense(build, oneHot, { name: "transmitter.symbols", units: USES }));
  const words = (name: string) => build.input(name, [2], "i32");
  const noise = build.randomNormal(symbols.shape, { seed: words("seed"), step: words("step"), stream: "noise" });
  const received = build.add(symbols, build.mul(noise, build.scalar(0.1)));
  const logits = dense(build, received, { name: "receiver.logits", units: MESSAGES });
  return build.program({ outputs: { probabilities: build.softmax(logits) } });
}

const message = Int32Array.of(0, 7, 3, 3, 1);
const received = Float32Array.from({ length: 5 * USES }, (_, i) => Math.sin(1.7 * i));

async function compare(program: Program, inputs: Arrays, options: Partial<ExportOptions>): Promise<void> {
  const state = initialise(program.state, 4);
  const parameters = Object.fromEntries(
    Object.entries(state).map(([name, data]) => [name, { shape: program.state[name]!.shape, data }]),
  );
  const bytes = exportOnnx(program, parameters, { graphName: "channel", ...options });
  checkOnnx(bytes);
  const { outputs } = interpret(program, { inputs, state, batch: message.length });
  for (const runtime of runtimes) {
    const session = await runtime.open(bytes, "all");
    const got = await session.runFed(inputs, message.length);
    for (const [name, { data }] of Object.entries(outputs)) {
      expect(got[name], `${runtime.name}, ${name}`).toHaveLength(data.length);
      // Two small layers of numbers near 1.
      data.forEach((value, i) =>
        expect(Math.abs(got[name]![i]! - value), `${runtime.name}, ${name}[${i}]`).toBeLessThan(
          1e-5 + 1e-4 * Math.abs(value),
        ),
      );
    }
    await session.release();
  }
}

test.each([13, 17, 21] as const)("transmitter and receiver in operator set %i", async (opset) => {
  const oneHot = transmitter((build, ids) => build.oneHot(ids, MESSAGES));
  const table = transmitter((build, ids) => embedding(build, ids, { name: "transmitter", rows: MESSAGES, units: 5 }));
  await compare(oneHot, { message }, { opset });
  await compare(table, { message }, { opset });
  await compare(receiver(), { received }, { opset });
});

test("the channel's noise is an input, or refused", async () => {
  const program = channel();
  const state = initialise(program.state, 4);
  const parameters = Object.fromEntries(
    Object.entries(state).map(([name, data]) => [name, { shape: program.state[name]!.shape, data }]),
  );
  expect(() => exportOnnx(program, parameters, { graphName: "channel" })).toThrow(
    expect.objectContaining({ code: "ONNX_OPERATION", details: { operation: "randomNormal", node: "noise" } }),
  );
  const bytes = exportOnnx(program, parameters, { graphName: "channel", noise: "inputs" });
  checkOnnx(bytes);
  const session = await runtimes[0]!.open(bytes, "all");
  expect([...session.inputNames].sort()).toEqual(["message", "noise"]);
  const { probabilities } = await session.runFed({ message, noise: new Float32Array(5 * USES) }, 5);
  // Equal messages without noise are received equally, but for the rounding of a runtime that takes rows in blocks.
  for (let i = 0; i < MESSAGES; i++) {
    expect(Math.abs(probabilities![2 * MESSAGES + i]! - probabilities![3 * MESSAGES + i]!)).toBeLessThan(1e-6);
  }
  expect(Math.abs(probabilities![0]! - probabilities![2 * MESSAGES]!)).toBeGreaterThan(1e-3);
});

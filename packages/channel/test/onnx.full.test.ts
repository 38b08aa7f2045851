/** Transmitters and receivers of links as ONNX against the float64 interpreter, in both runtimes. */
import { concreteShape, elementCount, initialise, interpret, type Program } from "@isthmus/graph";
import { randomNormal } from "@isthmus/math";
import { checkOnnx, exportOnnx } from "@isthmus/onnx";
import { describe, expect, test } from "vitest";
import { runtimes } from "../../onnx/test/support/runtimes.ts";
import { excess } from "../../onnx/test/support/zoo-parity.ts";
import { chain, channelAutoencoder, type GivenChannelAutoencoder } from "../src/index.ts";

const plane = { k: 4, n: 1, complex: true } as const;

const links: readonly (readonly [string, GivenChannelAutoencoder])[] = [
  ["messages", { k: 4, n: 7 }],
  ["one-hot messages", { k: 4, n: 7, encoder: "onehot" }],
  ["bits in the plane", { ...plane, loss: "bits", normalize: "average" }],
  ["amplitudes", { ...plane, normalize: "amplitude" }],
  [
    "bits over taps, with an equaliser and the channel's state",
    {
      ...{ k: 4, n: 4, complex: true, loss: "bits", normalize: "average" },
      channel: chain({ kind: "multiTap", taps: 2 }, { kind: "awgn" }),
      decoder: { hidden: [32], state: true, equaliser: { taps: 2, hidden: [16] } },
    },
  ],
];

/** Any label of 16, any number. */
function drawn({ inputs, nodes }: Program, batch: number): Record<string, Float32Array | Int32Array> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, id], turn) => {
      const { shape, dtype } = nodes[id]!;
      const count = elementCount(concreteShape(shape, batch));
      if (dtype === "i32") return [name, Int32Array.from({ length: count }, (_, i) => (5 * i + 3) % 16)];
      const values = new Float32Array(count);
      randomNormal(values, { seed: 7, stream: name, step: turn });
      return [name, values];
    }),
  );
}

describe.each(links)("a link of %s", (_, given) => {
  const definition = channelAutoencoder(given);
  const values = initialise(definition.parameters, 1);
  const parameters = Object.fromEntries(
    Object.entries(values).map(([name, data]) => [name, { shape: definition.parameters[name]!.shape, data }]),
  );

  test.each([
    ["transmitter", definition.encoder],
    ["receiver", definition.decoder],
  ])("its %s, operator sets 13, 17 and 21", async (graphName, program) => {
    let worst = 0;
    for (const opset of [13, 17, 21] as const) {
      const bytes = exportOnnx(program, parameters, { graphName, opset });
      checkOnnx(bytes);
      for (const runtime of runtimes) {
        for (const optimisation of ["disabled", "all"] as const) {
          const session = await runtime.open(bytes, optimisation);
          for (const batch of [1, 3, 17]) {
            const inputs = drawn(program, batch);
            const { outputs } = interpret(program, { batch, inputs, state: values });
            const expected = Object.fromEntries(
              Object.entries(outputs).map(([name, { data }]) => [name, Float64Array.from(data)]),
            );
            const where = `${runtime.name}, operator set ${opset}, optimisation ${optimisation}, batch ${batch}`;
            // |a - b| <= 1e-5 + 1e-4 |b|: sums of tens of products of numbers near 1, through a few layers.
            worst = Math.max(worst, excess(await session.run(program, inputs, batch), expected, where));
          }
          await session.release();
        }
      }
    }
    expect(worst).toBeLessThanOrEqual(1);
  });
});

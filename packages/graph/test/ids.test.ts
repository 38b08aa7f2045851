/** Ids out of range never reach an engine's memory. */
import { describe, expect, it } from "vitest";
import { GraphBuilder, interpret, type Node, referenceEngine, resolveBatch, vjp } from "../src/index.ts";

const uses: Readonly<Record<string, (build: GraphBuilder, ids: Node) => Node>> = {
  gather: (build, ids) => build.gather(build.state("table", { shape: [5, 2], init: { kind: "zeros" } }), ids),
  oneHot: (build, ids) => build.oneHot(ids, 5),
  scatterAdd: (build, ids) => build.scatterAdd(build.input("x", ["batch", 3, 2]), ids, 5),
  "gather through views": (build, ids) =>
    build.gather(
      build.state("table", { shape: [5, 2], init: { kind: "zeros" } }),
      build.transpose(build.reshape(ids, ["batch", 3, 1]), [2, 0, 1]),
    ),
  "the smaller of two": (build, ids) => build.concat([build.oneHot(ids, 9), build.oneHot(ids, 5)], -1),
};

describe.each(Object.entries(uses))("%s", (_, use) => {
  const build = new GraphBuilder();
  const program = build.program({ outputs: { y: use(build, build.input("ids", ["batch", 3], "i32")) } });
  const given = (...ids: number[]) => {
    const all = { ids: Int32Array.from(ids), x: new Float32Array(2 * ids.length) };
    return Object.fromEntries(Object.entries(all).filter(([name]) => name in program.inputs));
  };

  it("takes ids in range", () => expect(resolveBatch(program, given(0, 4, 2, 4, 4, 0))).toBe(2));

  it.each([5, -1, 2 ** 31 - 1, -(2 ** 31)])(
    "refuses %i at the door of every engine, naming input and place",
    async (id) => {
      const message = `run: input "ids" expected ids in [0, 5), got ${id} at 4`;
      expect(() => resolveBatch(program, given(0, 4, 2, 1, id, 0))).toThrow(new RangeError(message));
      const engine = referenceEngine();
      const executable = await engine.compile(program, engine.createState(program.state));
      await expect(executable.run(given(0, 4, 2, 1, id, 0))).rejects.toThrow(new RangeError(message));
    },
  );

  it("refuses them in the interpreter, too", () => {
    const state = { table: new Float32Array(10) };
    expect(() => interpret(program, { inputs: given(0, 4, 9), state, batch: 1 })).toThrow(
      /"ids" expected integers in \[0, \d\), got 9/,
    );
  });
});

it("ids are constant to differentiation: what only they lead to has no gradient", () => {
  const build = new GraphBuilder();
  const x = build.input("x", [2]);
  const y = build.sum(build.mul(build.oneHot(build.input("ids", [], "i32"), 2), build.square(x)));
  const [g] = vjp(build, [y], [x], [build.scalar(1)]);
  const inputs = { x: Float64Array.of(3, 5), ids: Float64Array.of(1) };
  const made = interpret(build.program({ outputs: { g: g! } }), { inputs, state: {}, batch: 1 }).outputs["g"]!;
  expect([...made.data]).toEqual([0, 10]);
});

import { adam, type Engine, GraphBuilder, type Program, type StateTensor } from "../../src/index.ts";
import { describe, expect, it } from "vitest";
import { expectConforms } from "./conforms.ts";

const slot = (...shape: number[]): StateTensor => ({ shape, init: { kind: "zeros" } });

/** y = 2 x, for any batch. */
function doubling(): Program {
  const build = new GraphBuilder();
  return build.program({ outputs: { y: build.mul(build.input("x", ["batch", 2]), build.scalar(2)) } });
}

/** What `Engine` promises beside the numbers. `make` makes one more. */
export function engineKeepsContract(current: () => Engine, make: () => Promise<Engine>): void {
  const compile = (program: Program) => current().compile(program, current().createState(program.state));

  describe("updates", () => {
    it("see the state as it was: two tensors swap, a third takes a view of one of them", async () => {
      const build = new GraphBuilder();
      const a = build.state("a", slot(2, 2));
      const b = build.state("b", slot(2, 2));
      build.state("c", slot(4));
      const program = build.program({
        outputs: { a, bPlus: build.add(b, build.scalar(1)) },
        updates: { a: b, b: a, c: build.reshape(build.transpose(a, [1, 0]), [4]) },
      });
      const state = { a: Float32Array.of(1, 2, 3, 4), b: Float32Array.of(5, 6, 7, 8), c: new Float32Array(4) };
      await expectConforms(current(), program, { inputs: {}, state });
    });

    it("are not made when the guard is not finite, not by a bit", async () => {
      const build = new GraphBuilder();
      const p = build.state("p", slot(3));
      const x = build.input("x", [3]);
      const g = build.div(x, p);
      const loss = build.sum(g);
      const program = build.program({ outputs: { loss }, updates: adam(build, { p }, { p: g }), guard: loss });
      const state = current().createState(program.state);
      await state.write("p", Float32Array.of(0.1, -0, 2));
      await state.write("opt.adam.m.p", Float32Array.of(1e-40, 2, NaN));
      const names = Object.keys(program.state);
      const bits = async () => Promise.all(names.map(async (name) => new Uint32Array((await state.read(name)).buffer)));
      const before = await bits();
      const executable = await current().compile(program, state);
      const schedule = { "adam.stepSize": Float32Array.of(1), "adam.secondScale": Float32Array.of(1) };
      expect((await executable.run({ x: Float32Array.of(1, 1, 1), ...schedule })).committed).toBe(false);
      expect(await bits()).toEqual(before);
      await state.write("p", Float32Array.of(0.1, 1, 2));
      expect((await executable.run({ x: Float32Array.of(1, 1, 1), ...schedule })).committed).toBe(true);
      expect(await bits()).not.toEqual(before);
    });
  });

  describe("batches", () => {
    it("may change from run to run: 128, 96, 128, and more sizes than are kept", async () => {
      const executable = await compile(doubling());
      for (const batch of [128, 96, 128, ...Array.from({ length: 12 }, (_, i) => i + 1), 128]) {
        const x = Float32Array.from({ length: 2 * batch }, (_, i) => i);
        const { outputs } = await executable.run({ x });
        expect(outputs["y"]!.shape).toEqual([batch, 2]);
        expect(await outputs["y"]!.read()).toEqual(x.map((value) => 2 * value));
      }
    });
  });

  describe("results", () => {
    it("are stale after a later run on the same engine", async () => {
      const program = doubling();
      const [one, other] = [await compile(program), await compile(program)];
      const x = Float32Array.of(1, 2);
      const { outputs } = await one.run({ x });
      const second = await one.run({ x });
      await expect(outputs["y"]!.read()).rejects.toMatchObject({ code: "ENGINE_STALE_HANDLE" });
      expect(await second.outputs["y"]!.read()).toEqual(Float32Array.of(2, 4));
      await other.run({ x });
      await expect(second.outputs["y"]!.read()).rejects.toMatchObject({ code: "ENGINE_STALE_HANDLE" });
    });

    it("are copies, of state too", async () => {
      const build = new GraphBuilder();
      const program = build.program({ outputs: { p: build.state("p", slot(2)) } });
      const state = current().createState(program.state);
      await state.write("p", Float32Array.of(1, 2));
      const { outputs } = await (await current().compile(program, state)).run({});
      await state.write("p", Float32Array.of(3, 4));
      const copy = await outputs["p"]!.read();
      expect(copy).toEqual(Float32Array.of(1, 2));
      copy.fill(0);
      expect(await outputs["p"]!.read()).toEqual(Float32Array.of(1, 2));
    });
  });

  describe("mistakes", () => {
    it("in what is fed are the caller's", async () => {
      const executable = await compile(doubling());
      await expect(executable.run({})).rejects.toThrow(TypeError);
      await expect(executable.run({ x: new Float32Array(3) })).rejects.toThrow(RangeError);
      await expect(executable.run({ x: new Int32Array(2) as never })).rejects.toThrow(/"x" expected Float32Array/);
      await expect(executable.run({ x: new Float32Array(2) }, { batch: 2 })).rejects.toThrow(RangeError);
    });

    it("in the state a program is compiled against", async () => {
      const build = new GraphBuilder();
      const program = build.program({ outputs: { p: build.state("p", slot(2)) } });
      await expect(current().compile(program, current().createState({}))).rejects.toThrow(/no tensor "p"/);
      await expect(current().compile(program, current().createState({ p: slot(3) }))).rejects.toThrow(
        /"p" expected \[2\], got \[3\]/,
      );
      const other = await make();
      await expect(current().compile(program, other.createState(program.state))).rejects.toThrow(TypeError);
      other.dispose();
    });

    it("an aborted signal stops a run before it starts", async () => {
      const executable = await compile(doubling());
      const run = executable.run({ x: new Float32Array(2) }, { signal: AbortSignal.abort() });
      await expect(run).rejects.toMatchObject({ name: "AbortError" });
    });
  });

  describe("disposal", () => {
    it("does not outlive its owners: use after disposal says so", async () => {
      const own = await make();
      const gone = (what: string) => ({ code: "ENGINE_DISPOSED", details: { what } });
      const state = own.createState({ p: slot(2) });
      const program = doubling();
      const executable = await own.compile(program, state);
      const x = Float32Array.of(1, 2);
      const { outputs } = await executable.run({ x });
      executable.dispose();
      executable.dispose();
      await expect(executable.run({ x })).rejects.toMatchObject(gone("executable"));
      const again = await own.compile(program, state);
      state.dispose();
      state.dispose();
      await expect(again.run({ x })).rejects.toMatchObject(gone("state"));
      await expect(state.read("p")).rejects.toMatchObject(gone("state"));
      await expect(own.compile(program, state)).rejects.toMatchObject(gone("state"));
      const last = own.createState({});
      own.dispose();
      own.dispose();
      await expect(outputs["y"]!.read()).rejects.toMatchObject(gone("engine"));
      await expect(own.compile(program, last)).rejects.toMatchObject(gone("engine"));
      expect(() => own.createState({})).toThrow(/engine was disposed/);
      again.dispose();
      last.dispose();
    });
  });
}

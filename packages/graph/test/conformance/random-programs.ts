import { GraphBuilder, type Node, type Program, type Shape, type Engine } from "../../src/index.ts";
import { randomUniform } from "@isthmus/math";
import fc from "fast-check";
import { it } from "vitest";
import { expectConforms } from "./conforms.ts";

/** One more operation on two values made before; `pick` chooses among what fits their shapes. */
interface Step {
  readonly first: number;
  readonly second: number;
  readonly pick: number;
}

const unary = ["neg", "abs", "square", "sigmoid", "tanh", "softplus", "relu"] as const;
const binary = ["add", "sub", "mul", "maximum", "minimum"] as const;

/** What may be done with `x` (and `y`), so that values stay moderate and no kink or tie is near. */
function choices(build: GraphBuilder, x: Node, y: Node): (() => Node)[] {
  const found: (() => Node)[] = unary.map((op) => () => build.emit(op, [build.tanh(x)]));
  found.push(() => build.exp(build.neg(build.abs(x))));
  if (x.shape.length > 0) {
    const reversed = x.shape.map((_, axis) => x.shape.length - 1 - axis);
    found.push(() => build.transpose(x, reversed));
    found.push(
      () => build.softmax(build.tanh(x)),
      () => build.logSoftmax(build.tanh(x)),
    );
    found.push(() => build.mul(build.euclideanNorm(x), build.erf(build.tanh(x))));
    for (const axis of x.shape.keys()) {
      if (x.shape[axis] !== "batch") {
        found.push(
          () => build.concat([x, build.neg(x)], axis),
          () => build.pad(x, { axis, before: 1, after: 2 }),
        );
        found.push(() => build.slice(x, { axis, begin: (x.shape[axis] as number) - 1, end: x.shape[axis] as number }));
      }
      found.push(() => build.sum(x, { axes: [axis], keepDims: true }));
      found.push(() => build.mean(x, { axes: [axis] }));
      found.push(() => build.max(x, { axes: [axis], keepDims: true }));
    }
  }
  if (x.shape.length < 3) found.push(() => build.broadcastTo(x, [2, ...x.shape]));
  found.push(() => build.reshape(x, [...x.shape, 1].slice(0, 4)));
  if (broadcasts(x.shape, y.shape)) {
    for (const op of binary) found.push(() => build.emit(op, [build.tanh(x), y]));
    found.push(() => build.div(x, build.add(build.sigmoid(y), build.scalar(1))));
    found.push(() => build.sigmoidGrad(x, build.sigmoid(y)));
    found.push(() => build.tanhGrad(x, build.tanh(y)));
    found.push(() => build.sigmoidCrossEntropy(build.tanh(x), build.sigmoid(y)));
  }
  if (x.shape.length === 2 && y.shape.length === 2) {
    if (x.shape[1] === y.shape[0]) found.push(() => build.matmul(x, y));
    if (x.shape[1] === y.shape[1]) found.push(() => build.relu(build.matmul(x, y, { transposeB: true })));
    if (x.shape[0] === y.shape[0]) found.push(() => build.tanh(build.matmul(x, y, { transposeA: true })));
  }
  return found;
}

function broadcasts(a: Shape, b: Shape): boolean {
  const rank = Math.min(a.length, b.length);
  return [...Array(rank).keys()].every((i) => {
    const [left, right] = [a.at(-1 - i), b.at(-1 - i)];
    return left === right || left === 1 || right === 1;
  });
}

/** A program grown from two inputs and two state tensors; some values become results, two replace the state. */
function grow(steps: readonly Step[], results: readonly number[], next: readonly [number, number]): Program {
  const build = new GraphBuilder();
  const slot = { shape: [3, 4], init: { kind: "zeros" } } as const;
  const states = [build.state("s", slot), build.state("t", slot)];
  const nodes = [build.input("x", ["batch", 4]), build.input("y", [1, 4]), ...states];
  const at = (index: number, among: readonly Node[]) => among[index % among.length]!;
  for (const { first, second, pick } of steps) {
    const [x, y] = [at(first, nodes), at(second, nodes)];
    if (x.shape.filter((dim) => dim === "batch").length > 1 || x.shape.length > 4) continue;
    const options = choices(build, x, y);
    nodes.push(options[pick % options.length]!());
  }
  const fitting = nodes.filter(({ shape }) => shape.join() === "3,4");
  return build.program({
    outputs: Object.fromEntries(results.map((index, i) => [`r${i}`, at(index, nodes)])),
    updates: { s: at(next[0], fitting), t: at(next[1], fitting) },
  });
}

const step = fc.record({ first: fc.nat(99), second: fc.nat(99), pick: fc.nat(99) });
const latest = fc.nat(99);

/** Programs grown from a seed. */
export function randomProgramsConform(current: () => Engine): void {
  it("agree with the float64 interpreter, in results and in state", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 14 }),
        fc.array(latest, { minLength: 1, maxLength: 4 }),
        fc.tuple(latest, latest),
        fc.integer({ min: 1, max: 5 }),
        async (steps, results, next, batch) => {
          const program = grow(steps, results, next);
          const values = (n: number, stream: string) => {
            const out = new Float32Array(n);
            randomUniform(out, { seed: 3, stream });
            return out.map((u) => 2 * u - 1);
          };
          const all = { x: values(4 * batch, "x"), y: values(4, "y") };
          const inputs = Object.fromEntries(Object.entries(all).filter(([name]) => name in program.inputs));
          const state = { s: values(12, "s"), t: values(12, "t") };
          await expectConforms(current(), program, { inputs, state, batch });
        },
      ),
      { numRuns: 300, seed: 20261121 },
    );
  });
}

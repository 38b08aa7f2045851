import { GraphBuilder, type Node } from "@isthmus/graph";
import { type Distribution, kl, type NdArray, ndArray, ndArrayOps, randomUint32 } from "@isthmus/math";
import { type KernelBuild, probe } from "@isthmus/kernels";
import { createWasmEngine, type WasmEngine } from "@isthmus/wasm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/** Parameters of families whose KL has forms of its own, and how many numbers one event has. */
const FAMILIES: readonly { readonly family: string; readonly names: readonly string[]; readonly event?: number }[] = [
  { family: "normal", names: ["loc", "scale"] },
  { family: "laplace", names: ["loc", "scale"] },
  { family: "gumbel", names: ["loc", "scale"] },
  { family: "cauchy", names: ["loc", "scale"] },
  { family: "exponential", names: ["rate"] },
  { family: "gamma", names: ["concentration", "rate"] },
  { family: "beta", names: ["alpha", "beta"] },
  { family: "bernoulli", names: ["logits"] },
  { family: "continuousBernoulli", names: ["logits"] },
  { family: "poisson", names: ["rate"] },
  { family: "weibull", names: ["scale", "concentration"] },
  { family: "halfNormal", names: ["scale"] },
  { family: "categorical", names: ["logits"], event: 3 },
  { family: "dirichlet", names: ["concentration"], event: 3 },
  { family: "diagonalNormal", names: ["mu", "logVar"], event: 3 },
];
const BATCH = 1024;

/** Uniform in (0, 1), other ones for every name. */
function uniforms(length: number, stream: string): number[] {
  const words = new Uint32Array(length);
  randomUint32(words, { seed: 3, stream });
  return Array.from(words, (word) => (word + 0.5) / 2 ** 32);
}

/** Locations and logits from -10 to 10; the others from exp(-4) to exp(4). */
function parameter(name: string, length: number, stream: string): Float32Array {
  const isSigned = ["loc", "logits", "mu", "logVar"].includes(name);
  return Float32Array.from(uniforms(length, `${stream}.${name}`), (u) =>
    isSigned ? 20 * u - 10 : Math.exp(8 * u - 4),
  );
}

/** Each number moved by up to four units in its last place. */
function neighbours(values: Float32Array): Float32Array {
  const words = new Uint32Array(values.slice().buffer);
  const steps = uniforms(values.length, "steps");
  return new Float32Array(words.map((word, i) => word + Math.floor(9 * steps[i]!) - 4).buffer);
}

const builds: readonly KernelBuild[] = probe().relaxedSimd ? ["simd128", "relaxed"] : ["simd128"];
const engines = new Map<KernelBuild, WasmEngine>();
beforeAll(async () => {
  for (const build of builds) engines.set(build, await createWasmEngine({ build }));
});
afterAll(() => {
  for (const engine of engines.values()) engine.dispose();
});

const cases = builds.flatMap((kernels) => FAMILIES.map((family) => ({ kernels, ...family })));

describe.each(cases)("the KL of two of the family $family, $kernels", ({ kernels, family, names, event }) => {
  const shape = event === undefined ? ["batch" as const] : ["batch" as const, event];
  const size = BATCH * (event ?? 1);
  const own = names.map((name) => parameter(name, size, "p"));

  async function computed(other: readonly Float32Array[]): Promise<ArrayLike<number>> {
    const build = new GraphBuilder();
    const record = (side: string) =>
      ({
        family,
        ...Object.fromEntries(names.map((name) => [name, build.input(`${side}.${name}`, shape)])),
      }) as unknown as Distribution<Node>;
    const program = build.program({ outputs: { kl: kl(build, record("p"), record("q")) } });
    const engine = engines.get(kernels)!;
    const executable = await engine.compile(program, engine.createState(program.state));
    const inputs = names.flatMap((name, i) => [[`p.${name}`, own[i]!] as const, [`q.${name}`, other[i]!] as const]);
    const { outputs } = await executable.run(Object.fromEntries(inputs));
    return (await outputs["kl"]!.read()) as ArrayLike<number>;
  }

  function reference(other: readonly Float32Array[]): Float64Array {
    const record = (values: readonly Float32Array[]) => {
      const dims = event === undefined ? [BATCH] : [BATCH, event];
      const arrays = names.map((name, i) => [name, ndArray(dims, Float64Array.from(values[i]!))] as const);
      return { family, ...Object.fromEntries(arrays) } as unknown as Distribution<NdArray>;
    };
    return kl(ndArrayOps, record(own), record(other)).data;
  }

  it("is exactly 0 at equality", async () => {
    const values = await computed(own.map((values) => values.slice()));
    expect(Array.from(values).every((nats) => nats === 0)).toBe(true);
  });

  it("is not negative for neighbours in float32", async () => {
    const values = Array.from(await computed(own.map(neighbours)));
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeGreaterThan(0);
  });

  // Rounding in float32 of terms that are up to some thousand times a KL of 1e-3 here.
  it("is that of float64 far apart", async () => {
    const other = names.map((name) => parameter(name, size, "q"));
    const [values, expected] = [Array.from(await computed(other)), reference(other)];
    const wrong = values.filter((nats, i) => {
      const truth = expected[i]!;
      const isHuge = truth > 1e30;
      return !(isHuge ? nats > 1e30 : Math.abs(nats - truth) < 1e-3 * (1e-3 + truth));
    });
    expect(wrong).toEqual([]);
  });
});

import { randomNormal, randomUniform } from "../noise.ts";
import type { NoiseKey } from "../noise.ts";
import { ndArray } from "../nd-array.ts";
import type { NdArray } from "../nd-array.ts";

/** log f and its gradient at the positions of all chains. */
export interface LogDensityValue {
  /** log f(z), nats, up to a constant, [chains]. */
  readonly value: NdArray;
  /** d log f / d z, [chains, dimensions]. */
  readonly gradient: NdArray;
}

/** A log-density, normalised or not, of positions [chains, dimensions]: at once, or when an engine has worked it out. */
export type LogDensity = (z: NdArray) => LogDensityValue | Promise<LogDensityValue>;

export interface HamiltonianStep {
  /** Step size of the leapfrog integrator, in units of z. */
  readonly stepSize: number;
  readonly leapfrogSteps: number;
  /** Momenta come from `<stream>.momentum`, acceptances from `<stream>.accept`, both of its seed and step. */
  readonly key: NoiseKey;
}

export interface HamiltonianState {
  readonly z: NdArray;
  readonly density: LogDensityValue;
  /** The share of chains that moved, in [0, 1]. */
  readonly acceptance: number;
}

/**
 * One transition of Hamiltonian Monte Carlo (Neal 2011, section 5.3) for each chain on its own, with unit masses and a
 * fresh momentum: it leaves the density as it is, and run backwards it is itself.
 */
export async function hamiltonianTransition(
  density: LogDensity,
  start: Pick<HamiltonianState, "z" | "density">,
  { stepSize, leapfrogSteps, key }: HamiltonianStep,
): Promise<HamiltonianState> {
  const [chains, dimensions] = start.z.shape as [number, number];
  const momentum = normals(chains * dimensions, { ...key, stream: `${key.stream}.momentum` });
  const before = energies(start.density, momentum, chains);
  const end = await leapfrog(density, start, momentum, stepSize, leapfrogSteps);
  const after = energies(end.density, momentum, chains);
  const uniforms = new Float32Array(chains);
  randomUniform(uniforms, { ...key, stream: `${key.stream}.accept` });
  const accepted = Array.from(uniforms, (u, chain) => u < Math.exp(before[chain]! - after[chain]!));
  return {
    z: chosen(accepted, end.z, start.z),
    density: {
      value: chosen(accepted, end.density.value, start.density.value),
      gradient: chosen(accepted, end.density.gradient, start.density.gradient),
    },
    acceptance: accepted.filter(Boolean).length / chains,
  };
}

function normals(count: number, key: NoiseKey): Float64Array {
  const out = new Float32Array(count);
  randomNormal(out, key);
  return Float64Array.from(out);
}

/** |momentum|^2 / 2 - log f of each chain. */
function energies({ value }: LogDensityValue, momentum: Float64Array, chains: number): Float64Array {
  const dimensions = momentum.length / chains;
  return value.data.map((logDensity, chain) => {
    const own = momentum.subarray(chain * dimensions, (chain + 1) * dimensions);
    return own.reduce((sum, p) => sum + (p * p) / 2, -logDensity);
  });
}

/** Neal's equations 5.18 to 5.20, `leapfrogSteps` times; `momentum` is changed in place. */
async function leapfrog(
  density: LogDensity,
  start: Pick<HamiltonianState, "z" | "density">,
  momentum: Float64Array,
  stepSize: number,
  leapfrogSteps: number,
): Promise<Pick<HamiltonianState, "z" | "density">> {
  let at = start;
  push(momentum, at.density.gradient, stepSize / 2);
  for (let step = 1; step <= leapfrogSteps; step++) {
    const z = ndArray(
      at.z.shape,
      at.z.data.map((position, i) => position + stepSize * momentum[i]!),
    );
    at = { z, density: await density(z) };
    push(momentum, at.density.gradient, step < leapfrogSteps ? stepSize : stepSize / 2);
  }
  return at;
}

function push(momentum: Float64Array, gradient: NdArray, time: number): void {
  for (let i = 0; i < momentum.length; i++) momentum[i]! += time * gradient.data[i]!;
}

/** Rows of `moved` where accepted, of `stayed` elsewhere. */
function chosen(accepted: readonly boolean[], moved: NdArray, stayed: NdArray): NdArray {
  const width = moved.data.length / accepted.length;
  const data = moved.data.map((value, i) => (accepted[Math.floor(i / width)] ? value : stayed.data[i]!));
  return ndArray(moved.shape, data);
}

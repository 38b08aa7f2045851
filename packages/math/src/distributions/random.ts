import { requireKind } from "../arguments.ts";
import { hash32 } from "../hash32.ts";
import { splitSeed, uint32Sequence } from "../noise.ts";
import type { NoiseKey } from "../noise.ts";
import { philox4x32 } from "../philox.ts";

/** Float64 noise of one element of an array, as much as it takes. */
export interface Random {
  /** In (0, 1): one of the 2^52 odd multiples of 2^-53. */
  readonly uniform: () => number;
  /** Standard normal, |z| < 8.6. */
  readonly normal: () => number;
  /** Standard Cauchy. */
  readonly cauchy: () => number;
}

/**
 * The noise of each element by its index: a stream of its own, keyed and named by the four words that the generator
 * gives for (seed, stream, step, index). So what one element takes, also where it rejects, moves no other. What is
 * returned is the same object each time, and speaks for the element last asked for.
 *
 * @throws TypeError, RangeError for a bad key, as `uint32Sequence`.
 */
export function elementNoise(key: NoiseKey): (index: number) => Random {
  uint32Sequence(key);
  const cipherKey = Uint32Array.from(splitSeed(key.seed));
  const element = Uint32Array.of(0, ...splitSeed(key.step ?? 0), hash32(key.stream));
  const [name, counter, words] = [new Uint32Array(4), new Uint32Array(4), new Uint32Array(4)];
  let next = 0;
  const random = randomOf(() => {
    const lane = next % 4;
    if (lane === 0) {
      counter[0] = next / 4;
      philox4x32(counter, name, words);
    }
    next++;
    return words[lane]!;
  });
  return (index) => {
    element[0] = index;
    philox4x32(element, cipherKey, name);
    counter[2] = name[2]!;
    counter[3] = name[3]!;
    next = 0;
    return random;
  };
}

/** Two words give a uniform, two uniforms a normal (Box and Muller 1958). */
function randomOf(word: () => number): Random {
  const uniform = (): number => ((word() >>> 6) * 2 ** 26 + (word() >>> 6) + 0.5) * 2 ** -52;
  const normal = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const cauchy = (): number => Math.tan(Math.PI * (uniform() - 0.5));
  return { uniform, normal, cauchy };
}

/** @throws TypeError, RangeError naming `shape` unless it holds non-negative integers. */
export function requireSampleShape(shape: readonly number[]): void {
  requireKind("shape", shape, "Array");
  for (const dim of shape) {
    if (!Number.isSafeInteger(dim) || dim < 0)
      throw new RangeError(`"shape" expected non-negative integers, got ${dim}`);
  }
}

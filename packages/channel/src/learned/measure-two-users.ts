/** Two users measured over the channel that they share, and what they would have without sharing it. */
import { splitSeed } from "@isthmus/math";
import { requireObject, requireWhole } from "../checks.ts";
import { qFunction } from "../q-function.ts";
import { dimensions, type EbNo, ebNoFromDb, type Link, noiseDeviation } from "../units.ts";
import { LearnedProgram, type Parameters } from "./learned-program.ts";
import { FIRST_STEP, type LinkMeasurement, type MeasureOptions, MOST_LOGITS } from "./measure-links.ts";
import type { TwoUsers } from "./two-users.ts";

/** What both got wrong over the same blocks. */
export interface TwoUsersMeasurement {
  readonly first: LinkMeasurement;
  readonly second: LinkMeasurement;
}

/**
 * Sends blocks of both users at once at one Eb/N0, the same for both. Pairs of messages come equally often, in an order that a few blocks spread over all.
 *
 * @throws TypeError, RangeError naming an option; the signal's reason.
 */
export async function measureTwoUsers(
  { definition, parameters }: { readonly definition: TwoUsers; readonly parameters: Parameters },
  options: MeasureOptions,
): Promise<TwoUsersMeasurement> {
  const { engine, ebNoDb, blocks = 1e6, seed = 1, signal } = options;
  requireObject("definition", definition);
  requireWhole("blocks", blocks, 1);
  requireWhole("seed", seed, 0);
  const { config, link } = definition;
  const size = Math.max(64, Math.floor(MOST_LOGITS / 2 ** config.k));
  const deviation = Float32Array.of(noiseDeviation(ebNoFromDb(ebNoDb), config));
  const program = await LearnedProgram.create(engine, link, parameters);
  const sums = new Map<string, number>();
  let sent = 0;
  try {
    for (let batch = 0; sent < blocks; batch++, sent += size) {
      signal?.throwIfAborted();
      const step = FIRST_STEP + batch;
      const { outputs } = await program.run({
        x: pairs(config.k, sent, size),
        seed: Int32Array.from(splitSeed(seed)),
        step: Int32Array.of(step, Math.floor(step / 2 ** 32)),
        deviation,
      });
      for (const [name, output] of Object.entries(outputs))
        sums.set(name, (sums.get(name) ?? 0) + (await output.read()).reduce((sum, value) => sum + value, 0));
      await new Promise((resolve) => setTimeout(resolve));
    }
  } finally {
    program.dispose();
  }
  return { first: ofUser("first", sums, sent, config.k), second: ofUser("second", sums, sent, config.k) };
}

/** Odd, so that its multiples take every pair before any comes again. */
const STRIDE = 40_503;

/** Bits [size, 2 k] of pairs number `from` and on. */
function pairs(k: number, from: number, size: number): Float32Array {
  const count = 4 ** k;
  const bits = new Float32Array(size * 2 * k);
  for (let [block, at] = [0, 0]; block < size; block++) {
    const pair = (((from + block) % count) * STRIDE) % count;
    for (let bit = 0; bit < 2 * k; bit++, at++) bits[at] = (pair >> bit) & 1;
  }
  return bits;
}

function ofUser(user: string, sums: ReadonlyMap<string, number>, blocks: number, k: number): LinkMeasurement {
  const [blockErrors, bitErrors, nats] = ["BlockErrors", "BitErrors", "CrossEntropy"].map((of) =>
    sums.get(`${user}${of}`)!,
  ) as [number, number, number];
  const crossEntropy = nats / blocks;
  const rates = { bler: blockErrors / blocks, ber: bitErrors / (blocks * k) };
  return { blocks, blockErrors, bitErrors, ...rates, crossEntropy, information: k - crossEntropy / Math.LN2 };
}

/**
 * The block error probability of each of two users who take turns: each sends its k bits in half of the real dimensions with the energy of the whole
 * block, as amplitudes that it does not code, and the other is silent. What sharing the channel has to beat; of n complex uses it is QAM of 2 k / n bits.
 *
 * @throws RangeError when 2 k bits do not come to a whole number for each real dimension of the block.
 */
export function timeSharingBlockError(link: Link, ebNo: EbNo): number {
  const each = (2 * link.k) / dimensions(link);
  if (!Number.isInteger(each))
    throw new RangeError(`"k" expected whole bits in each dimension of half a block, got ${each}`);
  const amplitudes = 2 ** each;
  const argument = Math.sqrt((6 * each * ebNo) / (amplitudes ** 2 - 1));
  const wrong = 2 * (1 - 1 / amplitudes) * qFunction(argument);
  return -Math.expm1((dimensions(link) / 2) * Math.log1p(-wrong));
}

/** Words as changes of phase from use to use, which a receiver sees without knowing the phase. */
import { codebook, type Codebook } from "./codebook.ts";
import { type LinearCode, linearCode } from "./linear-code.ts";
import type { Receiver } from "./receivers.ts";

/**
 * The words of a code by differential BPSK, in n + 1 complex uses: the first is 1, and each that follows is the one before it, its sign changed
 * where the bit is 1.
 */
export function differentialCodebook(code: LinearCode): Codebook {
  const rows = Array.from(code.words, (word) => {
    let phase = 1;
    const uses = Array.from({ length: code.n }, (_, i) => (phase *= sign(word, i)));
    return [1, ...uses].flatMap((x) => [x, 0]);
  });
  return codebook(rows, { name: `differential ${code.name}`, complex: true });
}

/**
 * Hamming's (7,4) code in the order of its seven positions that serves {@link differentialCodebook} best: of the thirty that differ, the one whose words
 * the best receiver confuses least over three fading taps that it is not told (by simulation at 10 dB, where the worst has a third more errors).
 */
export function differentialHammingCode(): LinearCode {
  return linearCode("Hamming (7,4)", 7, [0b000_1110, 0b001_0111, 0b010_0011, 0b100_0101]);
}

/**
 * Each use against the one before it: the word of the greatest sum of +-Re(y_i conj(y_(i-1))), bit by bit where all words are in the code. It
 * knows neither phase nor gain, and is not the best that may be had without them: {@link nonCoherentMaximumLikelihood} is.
 *
 * @throws RangeError while it decides, for uses other than those of {@link differentialCodebook}.
 */
export function differentialDetection(code: LinearCode): Receiver {
  const changes = new Float64Array(code.n);
  return {
    name: `differential detection of ${code.name}`,
    decide({ signal, columns, complex }, decisions) {
      if (!complex || columns !== 2 * (code.n + 1))
        throw new RangeError(`differential detection expected ${code.n + 1} complex uses, got ${columns} numbers`);
      for (let block = 0; block < decisions.length; block++) {
        for (let [i, at] = [0, block * columns]; i < code.n; i++, at += 2)
          changes[i] = signal[at]! * signal[at + 2]! + signal[at + 1]! * signal[at + 3]!;
        decisions[block] = bestWord(code, changes);
      }
    },
  };
}

function bestWord({ words, n }: LinearCode, changes: Float64Array): number {
  let [best, most] = [0, -Infinity];
  for (let message = 0; message < words.length; message++) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += sign(words[message]!, i) * changes[i]!;
    if (sum > most) [best, most] = [message, sum];
  }
  return best;
}

/** Bit 0 of a word is +1, 1 is -1. */
function sign(word: number, i: number): number {
  return 1 - 2 * ((word >> i) & 1);
}

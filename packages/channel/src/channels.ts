/** What happens to blocks between transmitter and receiver, in a simulation. */
import type { Draw } from "./noise-source.ts";
import { type FadingTaps, tapPowers } from "./taps.ts";

/** Blocks on their way; rows are blocks. */
export interface Batch {
  readonly blocks: number;
  /** Real dimensions of a block; of complex uses, each real part is followed by its imaginary one. */
  readonly columns: number;
  readonly complex: boolean;
  /** [blocks, columns]: sent, then received. */
  readonly signal: Float32Array;
  /** Standard deviation of the noise in each real dimension. */
  readonly deviation: number;
}

/** What a receiver is given. */
export interface Received extends Batch {
  /** The factor on each dimension, [blocks, columns], of channels that tell the receiver: its phase has been taken back. */
  readonly gains?: Float32Array;
  /** The taps h of each block, [blocks, 2 L], real before imaginary parts, of channels that tell them: y_i = sum_l h_l x_(i - l) + noise. */
  readonly taps?: Float32Array;
}

/** What becomes of a batch; `pass` changes its signal in place and draws what it needs. */
export interface SimulatedChannel {
  readonly name: string;
  pass(batch: Batch, draw: Draw): Received;
}

/** Noise alone. */
export function awgn(): SimulatedChannel {
  return { name: "awgn", pass: (batch, draw) => (addNoise(batch, draw), batch) };
}

/**
 * Flat Rayleigh fading of mean power 1, drawn for each use or each block, known to the receiver, which has turned its phase back: factors
 * |h|, h ~ CN(0, 1), and noise.
 */
export function rayleigh({ per = "use" }: { readonly per?: "use" | "block" } = {}): SimulatedChannel {
  return {
    name: `rayleigh per ${per}`,
    pass(batch, draw) {
      const gains = rayleighGains(batch, draw, per);
      for (let i = 0; i < gains.length; i++) batch.signal[i]! *= gains[i]!;
      addNoise(batch, draw);
      return { ...batch, gains };
    },
  };
}

/** Several taps, and whether the receiver is told them. */
export interface MultiTapOptions extends FadingTaps {
  /** Default: true. Otherwise it knows their mean powers alone: {@link nonCoherentMaximumLikelihood}. */
  readonly known?: boolean;
}

/**
 * y_i = sum_l h_l x_(i - l) of complex uses, the h_l independent complex Gaussians, fresh for each block, and noise: what the channel layer
 * `multiTap` does. One tap is flat Rayleigh fading of the block, its phase included.
 *
 * @throws TypeError, RangeError naming an option; in a simulation, for a codebook of real uses.
 */
export function multiTap({ known = true, ...fading }: MultiTapOptions): SimulatedChannel {
  const deviations = tapPowers(fading).map((power) => Math.sqrt(power / 2));
  const uneven = fading.powers ? ` of powers ${fading.powers.join(":")}` : "";
  return {
    name: `${fading.taps} taps per block${uneven}, ${known ? "known" : "not known"}`,
    pass(batch, draw) {
      if (!batch.complex) throw new RangeError(`"codebook" expected complex uses for a channel of taps, got real ones`);
      const taps = draw.normal("taps", 2 * deviations.length * batch.blocks);
      for (let i = 0; i < taps.length; i++) taps[i]! *= deviations[(i >> 1) % deviations.length]!;
      convolve(batch, taps, deviations.length);
      addNoise(batch, draw);
      return known ? { ...batch, taps } : batch;
    },
  };
}

/** In place, from the last use of each block to its first. */
function convolve({ signal, columns, blocks }: Batch, taps: Float32Array, length: number): void {
  for (let block = 0; block < blocks; block++) {
    const [first, h] = [block * columns, block * 2 * length];
    for (let use = columns / 2 - 1; use >= 0; use--) {
      let [re, im] = [0, 0];
      for (let l = 0; l < length && l <= use; l++) {
        const at = first + 2 * (use - l);
        const [a, b, c, d] = [taps[h + 2 * l]!, taps[h + 2 * l + 1]!, signal[at]!, signal[at + 1]!];
        re += a * c - b * d;
        im += a * d + b * c;
      }
      signal[first + 2 * use] = re;
      signal[first + 2 * use + 1] = im;
    }
  }
}

function addNoise({ signal, deviation }: Batch, draw: Draw): void {
  const z = draw.normal("noise", signal.length);
  for (let i = 0; i < signal.length; i++) signal[i]! += deviation * z[i]!;
}

/** sqrt((a^2 + b^2) / 2) for each use or block, repeated for its dimensions. */
function rayleighGains({ blocks, columns, complex }: Batch, draw: Draw, per: "use" | "block"): Float32Array {
  const together = per === "block" ? columns : complex ? 2 : 1;
  const count = (blocks * columns) / together;
  const parts = draw.normal("fading", 2 * count);
  const gains = new Float32Array(blocks * columns);
  for (let [i, at] = [0, 0]; i < count; i++) {
    const [a, b] = [parts[2 * i]!, parts[2 * i + 1]!];
    const gain = Math.sqrt((a * a + b * b) / 2);
    for (const end = at + together; at < end; at++) gains[at] = gain;
  }
  return gains;
}

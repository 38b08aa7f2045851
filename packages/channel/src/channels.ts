/** What happens to blocks between transmitter and receiver, in a simulation. */
import type { Draw } from "./noise-source.ts";

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

/** What is trained, by its name in results. */
export const WORKLOADS = {
  digits: "VAE on digits",
  noZeros: "VAE",
  channel: "channel autoencoder",
  images: "convolutional VAE",
} as const;
export type Workload = (typeof WORKLOADS)[keyof typeof WORKLOADS];

/** Messages of the channel autoencoder. */
export const MESSAGES = 16;
/** Real channel uses per message. */
export const USES = 7;
/** Standard deviation of the noise per real use at Eb/N0 = 7 dB and unit mean energy: sigma^2 = 1 / (2 R Eb/N0), R = 4/7. */
export const NOISE: number = Math.sqrt(1 / (2 * (4 / USES) * 10 ** 0.7));

const ROUND = 2048;

/** The message at each place of an order that all go through again and again. */
export const messages: readonly number[] = Array.from({ length: ROUND }, (_, i) => ((37 * i) % 1009) % MESSAGES);

/** What everyone trains on, one row an item. */
export function itemsOf(work: Workload, digits: Float32Array): { values: Float32Array; width: number } {
  switch (work) {
    case WORKLOADS.channel:
      return { values: oneHot(messages), width: MESSAGES };
    case WORKLOADS.noZeros:
      return { values: digits.map((pixel) => 0.02 + 0.96 * pixel), width: 784 };
    default:
      return { values: digits, width: 784 };
  }
}

function oneHot(ids: readonly number[]): Float32Array {
  const rows = new Float32Array(ids.length * MESSAGES);
  for (const [row, id] of ids.entries()) rows[row * MESSAGES + id] = 1;
  return rows;
}

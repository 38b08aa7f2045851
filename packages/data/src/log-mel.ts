import { fourierTransform } from "./fft.ts";

export interface LogMelOptions {
  /** Samples per second, above 0. */
  readonly sampleRate: number;
  /** Samples of a frame, a power of two of 2 or more. Default: 1024. */
  readonly window?: number;
  /** Samples from one frame to the next, >= 1. Default: 512. */
  readonly hop?: number;
  /** Mel bands between 0 Hz and half the sample rate, >= 1. Default: 128. */
  readonly bands?: number;
}

export interface LogMelSpectrogram {
  /** Whole frames: what is left at the end is left out. */
  readonly frames: number;
  readonly bands: number;
  /** dB of each band's power, [frames, bands]. */
  readonly values: Float32Array;
}

/** Keeps the logarithm of silence finite: -156.5 dB. */
const LEAST_POWER = 2 ** -52;

/**
 * The log-mel spectrogram of a sound: of each frame the power of the Fourier transform under a periodic Hann window, summed by triangles
 * on Slaney's mel scale of equal area, 10 log10 of it. The numbers of `librosa.feature.melspectrogram` with `center=False`, in dB.
 *
 * @param samples usually in [-1, 1]; the result moves by 20 log10 of their scale
 * @throws RangeError an option out of range
 */
export function logMelSpectrogram(samples: Float32Array, options: LogMelOptions): LogMelSpectrogram {
  const { sampleRate, window, hop, bands } = checked(options);
  const frames = samples.length < window ? 0 : Math.floor((samples.length - window) / hop) + 1;
  const values = new Float32Array(frames * bands);
  const hann = Float64Array.from({ length: window }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / window));
  const transform = fourierTransform(window);
  const triangles = melTriangles(sampleRate, window, bands);
  const [re, im] = [new Float64Array(window), new Float64Array(window)];
  const powers = new Float64Array(window / 2 + 1);
  for (let frame = 0; frame < frames; frame++) {
    for (let n = 0; n < window; n++) re[n] = hann[n]! * samples[frame * hop + n]!;
    im.fill(0);
    transform(re, im);
    for (let k = 0; k <= window / 2; k++) powers[k] = re[k]! * re[k]! + im[k]! * im[k]!;
    for (let band = 0; band < bands; band++) {
      values[frame * bands + band] = 10 * Math.log10(LEAST_POWER + sumUnder(triangles[band]!, powers));
    }
  }
  return { frames, bands, values };
}

function checked({ sampleRate, window = 1024, hop = 512, bands = 128 }: LogMelOptions): Required<LogMelOptions> {
  if (!(sampleRate > 0 && sampleRate < Infinity)) {
    throw new RangeError(`"sampleRate" expected a positive finite number, got ${sampleRate}`);
  }
  if (!(Number.isSafeInteger(window) && window >= 2 && window <= 2 ** 24 && Number.isInteger(Math.log2(window)))) {
    throw new RangeError(`"window" expected a power of two from 2 to 2^24, got ${window}`);
  }
  for (const [name, value] of Object.entries({ hop, bands })) {
    if (!(Number.isSafeInteger(value) && value >= 1)) {
      throw new RangeError(`"${name}" expected a whole number >= 1, got ${value}`);
    }
  }
  return { sampleRate, window, hop, bands };
}

/** What a band takes of the powers, from bin `first` on. */
interface Triangle {
  readonly first: number;
  readonly weights: Float64Array;
}

function sumUnder({ first, weights }: Triangle, powers: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < weights.length; k++) sum += weights[k]! * powers[first + k]!;
  return sum;
}

/** Each from the middle of the band before to the middle of the one behind, 2 / width high. */
function melTriangles(sampleRate: number, window: number, bands: number): Triangle[] {
  const top = melOf(sampleRate / 2);
  const edges = Array.from({ length: bands + 2 }, (_, i) => hertzOf((top * i) / (bands + 1)));
  return Array.from({ length: bands }, (_, band) => {
    const [low, middle, high] = edges.slice(band, band + 3) as [number, number, number];
    const first = Math.floor((low * window) / sampleRate) + 1;
    const last = Math.min(Math.ceil((high * window) / sampleRate) - 1, window / 2);
    const weights = Float64Array.from({ length: Math.max(last - first + 1, 0) }, (_, k) => {
      const hertz = ((first + k) * sampleRate) / window;
      return (Math.min((hertz - low) / (middle - low), (high - hertz) / (high - middle)) * 2) / (high - low);
    });
    return { first, weights };
  });
}

/** Slaney's Auditory Toolbox (1998): linear to 1 kHz, which is 15 mel, then 27 mel for each factor of 6.4. */
const KNEE = { hertz: 1000, mel: 15 };
const PER_FACTOR = 27 / Math.log(6.4);

function melOf(hertz: number): number {
  if (hertz < KNEE.hertz) return (KNEE.mel * hertz) / KNEE.hertz;
  return KNEE.mel + PER_FACTOR * Math.log(hertz / KNEE.hertz);
}

function hertzOf(mel: number): number {
  return mel < KNEE.mel ? (KNEE.hertz * mel) / KNEE.mel : KNEE.hertz * Math.exp((mel - KNEE.mel) / PER_FACTOR);
}

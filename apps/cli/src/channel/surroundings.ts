/** What lies between transmitter and receiver in a simulation, and what the receiver is told of it. */
import type { Channel, ChannelAutoencoderConfig, ChannelDescription } from "@isthmus/channel";
import type { StandardSystem } from "@isthmus/channel/node";
import { UsageError } from "@isthmus/command-line/node";
import { InvalidArgumentError } from "commander";
import { kebab } from "../options.ts";
import { channelOfText } from "./channel-text.ts";
import type { Surroundings } from "./named-systems.ts";

/** A channel that every system may be simulated over. */
export interface Between {
  readonly text: string;
  /** None: noise alone. */
  readonly fading?: NonNullable<StandardSystem["fading"]>;
  /** Under which formulas know it. */
  readonly formulas?: Surroundings;
}

const AWGN: Between = { text: "white Gaussian noise", formulas: "awgn" };

/** For `--help`. */
export const SIMULATED_CHANNELS = "awgn, rayleigh (each use), rayleigh-block, or multi-tap:taps=3";

/** Of `--channel`. */
export function simulatedChannelOfText(text: string): Channel {
  if (text === "awgn") return { kind: "awgn" };
  const words = { rayleigh: "rayleigh:per=symbol", "rayleigh-block": "rayleigh" }[text] ?? text;
  const channel = channelOfText(words);
  if (betweenOf(channel, { told: true, complex: true })) return channel;
  throw new InvalidArgumentError(`expected ${SIMULATED_CHANNELS}.`);
}

interface Receiving {
  readonly told: boolean;
  readonly complex: boolean;
}

/** What `--channel` and `--unknown` come to for a codebook. */
export function chosenBetween(channel: Channel = { kind: "awgn" }, { told, complex }: Receiving): Between {
  const between = betweenOf(channel, { told, complex });
  if (!told && between === AWGN)
    throw new UsageError("--unknown goes with a --channel that fades only: over awgn there is nothing to be told");
  if (between) return between;
  const wanted = complex ? "rayleigh-block or multi-tap" : "a system of complex uses";
  throw new UsageError(`--unknown expected ${wanted}: what is best without being told is known there alone`);
}

/** The channel that a link was trained over, where other systems can be simulated over it too, told what its receiver was told. */
export function ownBetween({ channel, decoder, complex }: ChannelAutoencoderConfig): Between | undefined {
  return betweenOf(channel, { told: decoder.state, complex });
}

/** `multi-tap+awgn` */
export function channelText(channel: ChannelDescription): string {
  return channel.kind === "chain" ? channel.channels.map(channelText).join("+") : kebab(channel.kind);
}

/** Fading and the noise behind it; nothing else is simulated for systems that are not learned. */
function betweenOf(channel: Channel | ChannelDescription, { told, complex }: Receiving): Between | undefined {
  if (channel.kind === "awgn") return AWGN;
  const [fades, noise, ...more] = channel.kind === "chain" ? channel.channels : [];
  if (noise?.kind !== "awgn" || more.length > 0) return undefined;
  const known = told ? "known to the receiver" : "not known to the receiver";
  if (fades?.kind === "multiTap" && fades.tail !== true) {
    const { taps, powers } = fades;
    return {
      text: `${taps} fading taps per block, ${known}`,
      fading: { taps, ...(powers && { powers }), known: told },
    };
  }
  if (fades?.kind !== "rayleigh") return undefined;
  const perUse = fades.per === "symbol";
  const text = `Rayleigh fading of each ${perUse ? "use" : "block"}, ${known}`;
  if (told)
    return { text, fading: { per: perUse ? "use" : "block" }, formulas: perUse ? "rayleigh" : "rayleigh-block" };
  return complex && !perUse ? { text, fading: { taps: 1, known: false } } : undefined;
}

import type { System } from "../blocks.ts";
import { awgn, multiTap, type MultiTapOptions, rayleigh, type SimulatedChannel } from "../channels.ts";
import type { Codebook } from "../codebook.ts";
import { differentialDetection } from "../differential.ts";
import type { LinearCode } from "../linear-code.ts";
import { hardDecision, maximumLikelihood, type Receiver } from "../receivers.ts";
import { nonCoherentMaximumLikelihood } from "../tapped-receivers.ts";
import type { SystemRecipe } from "./simulate-in-parallel.ts";

/** A system of this package's own parts, as data. */
export interface StandardSystem {
  readonly codebook: Codebook;
  /** By hard decisions of this code. Default: maximum likelihood, of what the channel tells. */
  readonly hardDecision?: LinearCode;
  /** By differential detection of this code. */
  readonly differential?: LinearCode;
  /** Flat Rayleigh fading that the receiver is told, or taps. Default: noise alone. */
  readonly fading?: { readonly per: "use" | "block" } | MultiTapOptions;
}

/** The recipe of one. */
export function standardSystem(parts: StandardSystem): SystemRecipe {
  return { module: import.meta.url, data: parts };
}

/** The system itself, for `simulate`. */
export async function makeStandardSystem(parts: StandardSystem): Promise<Required<System>> {
  return { codebook: parts.codebook, receiver: await receiverOf(parts), channel: channelOf(parts) };
}

/**
 * What the recipe's module has to export.
 *
 * @public found by its name
 */
export function system(data: unknown): Promise<System> {
  return makeStandardSystem(data as StandardSystem);
}

async function receiverOf({ codebook, hardDecision: hard, differential, fading }: StandardSystem): Promise<Receiver> {
  if (hard) return hardDecision(hard);
  if (differential) return differentialDetection(differential);
  const isUnknown = fading !== undefined && "taps" in fading && fading.known === false;
  return isUnknown ? nonCoherentMaximumLikelihood(codebook, fading) : maximumLikelihood(codebook);
}

function channelOf({ fading }: StandardSystem): SimulatedChannel {
  if (!fading) return awgn();
  return "taps" in fading ? multiTap(fading) : rayleigh(fading);
}

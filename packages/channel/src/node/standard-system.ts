import type { System } from "../blocks.ts";
import { awgn, rayleigh } from "../channels.ts";
import type { Codebook } from "../codebook.ts";
import type { LinearCode } from "../linear-code.ts";
import { hardDecision, maximumLikelihood } from "../receivers.ts";
import type { SystemRecipe } from "./simulate-in-parallel.ts";

/** A system of this package's own parts, as data. */
export interface StandardSystem {
  readonly codebook: Codebook;
  /** Default: maximum likelihood. */
  readonly hardDecision?: LinearCode;
  /** Default: noise alone. */
  readonly fading?: { readonly per: "use" | "block" };
}

/** The recipe of one. */
export function standardSystem(parts: StandardSystem): SystemRecipe {
  return { module: import.meta.url, data: parts };
}

/**
 * What the recipe's module has to export.
 *
 * @public found by its name
 */
export async function system(data: unknown): Promise<System> {
  const { codebook, hardDecision: code, fading } = data as StandardSystem;
  return {
    codebook,
    receiver: code ? hardDecision(code) : await maximumLikelihood(codebook),
    channel: fading ? rayleigh(fading) : awgn(),
  };
}

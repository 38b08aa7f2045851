import { isDeviceId } from "@isthmus/codec";
import { createHmac, timingSafeEqual } from "node:crypto";
import type { FrameStore } from "../store/frame-store.ts";
import { type Holder, holderKey, type Role, ROLES } from "./holder.ts";

/** So long a revoked token may still be accepted, as generations are not looked up for every request. */
const REMEMBERED_MS = 2000;
/** More holders than this are not remembered: a flood of names must not fill the memory. */
const MOST_REMEMBERED = 10_000;

interface Remembered {
  readonly least: number;
  readonly until: number;
}

/**
 * Tokens are `<role>.<name>.<generation>.<mac>`, as `docs/protocol.md` says. No list of them is kept: the mac shows that the service's
 * secret made it, and the generation that it was not revoked.
 */
export class Tokens {
  private readonly secret: Uint8Array;
  private readonly generations: Pick<FrameStore, "generation">;
  private readonly remembered = new Map<string, Remembered>();

  constructor(secret: Uint8Array, generations: Pick<FrameStore, "generation">) {
    this.secret = secret;
    this.generations = generations;
  }

  /** The token of a holder and generation, whether that generation is still accepted or not. */
  issue(holder: Holder, generation: number): string {
    const subject = `${holderKey(holder)}.${generation}`;
    return `${subject}.${createHmac("sha256", this.secret).update(`isthmus ${subject}`).digest("base64url")}`;
  }

  /**
   * Whose token this is; undefined for one that is none of ours or was revoked, whatever is wrong with it.
   *
   * @throws IsthmusError `STORE_UNAVAILABLE`
   */
  async holderOf(token: string): Promise<Holder | undefined> {
    const claim = claimOf(token);
    if (!claim) return undefined;
    if (!isEqual(token, this.issue(claim.holder, claim.generation))) return undefined;
    return claim.generation >= (await this.least(claim.holder)) ? claim.holder : undefined;
  }

  /** The least generation of a holder that is accepted; a change elsewhere is known after two seconds at most. */
  async least(holder: Holder): Promise<number> {
    const key = holderKey(holder);
    const known = this.remembered.get(key);
    if (known && known.until > performance.now()) return known.least;
    const least = await this.generations.generation(key);
    if (this.remembered.size >= MOST_REMEMBERED) this.remembered.clear();
    this.remembered.set(key, { least, until: performance.now() + REMEMBERED_MS });
    return least;
  }
}

/** What a token says of itself, which is to be believed once its mac is right. A name may have dots in it. */
function claimOf(token: string): { readonly holder: Holder; readonly generation: number } | undefined {
  const [role, name, generation] = /^([a-z]+)\.(.+)\.(\d{1,15})\.[A-Za-z0-9_-]{43}$/.exec(token)?.slice(1) ?? [];
  if (!ROLES.includes(role as Role) || name === undefined || !isDeviceId(name)) return undefined;
  return { holder: { role: role as Role, name }, generation: Number(generation) };
}

/** In a time that does not depend on where they differ. */
function isEqual(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

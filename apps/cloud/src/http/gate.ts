import type { FastifyRequest } from "fastify";
import { type Holder, holderKey } from "../auth/holder.ts";
import { Problem } from "../problems.ts";
import type { Service } from "../service.ts";
import { RateLimit } from "./rate-limit.ts";

export interface GateParts {
  readonly service: Pick<Service, "tokens">;
  /** Requests a second of a token; 0 is no bound. */
  readonly rate: number;
}

/** Where everybody may do everything, everybody is this. */
const ANYBODY: Holder = { role: "operator", name: "anybody" };
/** Of an address, as many tokens a second may be wrong. */
const WRONG = { rate: 5, burst: 50 };

/** Who may come in, and how often. */
export class Gate {
  private readonly parts: GateParts;
  private readonly rates: RateLimit | undefined;
  private readonly wrong = new RateLimit(WRONG.rate, WRONG.burst);
  /** Whether nothing more is taken. */
  draining = false;

  constructor(parts: GateParts) {
    this.parts = parts;
    this.rates = parts.rate > 0 ? new RateLimit(parts.rate, 4 * parts.rate) : undefined;
  }

  /**
   * Who asks; undefined where nobody is asked.
   *
   * @throws Problem
   */
  async admit(request: FastifyRequest): Promise<Holder | undefined> {
    const { served } = request.routeOptions.config;
    if (this.draining && served?.url !== "/healthz") throw new Problem("unavailable", "the service is ending");
    if (!served?.roles) return undefined;
    const holder = await this.holderOf(request);
    if (!served.roles.includes(holder.role)) {
      throw new Problem("forbidden", `this is for ${served.roles.join(", ")}; the token is a ${holder.role}'s`);
    }
    this.requireRate(holder);
    if (served.body) this.requireReadable(request);
    return holder;
  }

  private async holderOf({ headers, ip }: FastifyRequest): Promise<Holder> {
    const { tokens } = this.parts.service;
    if (!tokens) return ANYBODY;
    const [, token] = /^Bearer +(\S{1,256})$/i.exec(headers.authorization ?? "") ?? [];
    const holder = token === undefined ? undefined : await tokens.holderOf(token);
    if (holder) return holder;
    const wait = this.wrong.take(ip);
    if (wait > 0) throw new Problem("overloaded", "too many wrong tokens from this address", { retryAfter: wait });
    throw new Problem("unauthorised", token === undefined ? "a bearer token is needed" : "the token is not valid");
  }

  private requireRate(holder: Holder): void {
    const wait = this.rates?.take(holderKey(holder)) ?? 0;
    if (wait > 0) throw new Problem("overloaded", "too many requests with this token", { retryAfter: wait });
  }

  /** Before a body is read. */
  private requireReadable({ headers }: FastifyRequest): void {
    const coding = headers["content-encoding"] ?? "identity";
    if (coding !== "identity") throw new Problem("unsupported-media-type", `a body is not to be encoded as ${coding}`);
  }
}

import { createHmac, timingSafeEqual } from "node:crypto";
import type { Holder } from "../auth/holder.ts";
import type { Tokens } from "../auth/tokens.ts";
import type { Ingest } from "../ingest/ingest.ts";
import { Problem, type ProblemKind, problemOf, RETRY_AFTER } from "../problems.ts";
import type { UpMessage } from "./up-message.ts";

export interface Answer {
  readonly body: string;
  readonly contentType: "application/json" | "application/problem+json";
  /** Why nothing was read. */
  readonly refused?: ProblemKind;
}

export interface MessageIngestParts {
  readonly ingest: Pick<Ingest, "accept">;
  /** Without them every device is believed. */
  readonly tokens?: Pick<Tokens, "issue" | "least">;
  /** Of a body. */
  readonly maxBytes: number;
  /** Told of what is a bug. */
  readonly onBug: (error: unknown) => void;
}

/** What a device is answered, and what becomes of its parcels. */
export class MessageIngest {
  private readonly parts: MessageIngestParts;

  constructor(parts: MessageIngestParts) {
    this.parts = parts;
  }

  /** Resolves when what is answered with `stored` is durable; rejects never. */
  async answer(message: UpMessage): Promise<Answer> {
    try {
      const holder = await this.holderOf(message);
      const results = await this.parts.ingest.accept(message.body, holder);
      return { body: JSON.stringify({ results }), contentType: "application/json" };
    } catch (error) {
      return this.refusal(error);
    }
  }

  private async holderOf(message: UpMessage): Promise<Holder> {
    const { maxBytes, tokens } = this.parts;
    const { length } = message.body;
    if (length > maxBytes) {
      throw new Problem("too-large", `a body of ${length} bytes, at most ${maxBytes} are read`, { limit: maxBytes });
    }
    const holder: Holder = { role: "device", name: message.device };
    if (tokens !== undefined && !(await isSigned(message, holder, tokens))) {
      throw new Problem("unauthorised", `no generation and mac of a valid token of device ${message.device}`);
    }
    return holder;
  }

  private refusal(error: unknown): Answer {
    const { kind, document } = problemOf(error);
    if (kind === "internal") this.parts.onBug(error);
    const retryAfter = RETRY_AFTER[kind];
    const body = JSON.stringify({ ...(retryAfter !== undefined && { retryAfter }), ...document });
    return { body, contentType: "application/problem+json", refused: kind };
  }
}

/** Generations are looked up only for those who know the token. */
async function isSigned({ body, claim }: UpMessage, holder: Holder, tokens: Pick<Tokens, "issue" | "least">) {
  if (claim === undefined) return false;
  const mac = createHmac("sha256", tokens.issue(holder, claim.generation)).update(body).digest("base64url");
  const [expected, got] = [Buffer.from(mac), Buffer.from(claim.mac)];
  const isRight = expected.length === got.length && timingSafeEqual(expected, got);
  return isRight && claim.generation >= (await tokens.least(holder));
}

import { type Parcel, PARCEL_HEADER_BYTES, readParcels } from "@isthmus/codec";
import { IsthmusError } from "@isthmus/math";
import type { Holder } from "../auth/holder.ts";
import { LongWork } from "../long-work.ts";
import { claimOf } from "../models/claim.ts";
import type { Models } from "../models/served-model.ts";
import type { Arrival, FrameStore, Put } from "../store/frame-store.ts";
import { Turns } from "../turns.ts";
import type { Refused, Result } from "./result.ts";

export interface IngestLimits {
  /** Of a parcel's stream. Default: 16 MiB. */
  readonly streamBytes?: number;
  /** Integers that the streams of a body say that they hold; when there are so many the rest of the body is refused. Default: 2^25. */
  readonly bodySymbols?: number;
  /** Bytes of bodies that are being worked on at once; more are refused as a whole. Default: 64 MiB. */
  readonly pendingBytes?: number;
  /** Bodies that are being worked on at once. Default: 1024. */
  readonly pendingBodies?: number;
}

export interface IngestParts {
  readonly store: Pick<FrameStore, "put">;
  readonly models: Models;
  readonly limits?: IngestLimits;
  /** Default: of its own. */
  readonly turns?: Turns;
  /** Told of every result, and of what was stored. */
  readonly onResult?: (result: Result, stored?: Arrival) => void;
}

/** A parcel on its way through: what became of it, or what is to be stored. */
type Checked = { readonly result: Result } | { readonly arrival: Arrival; readonly offset: number };

/**
 * What becomes of parcels, whatever brought them. What is answered with `stored` or `duplicate` is durable, and is known to decode:
 * parcel, frames, model, quality, dimensions and symbols have been checked.
 */
export class Ingest {
  private readonly store: IngestParts["store"];
  private readonly models: Models;
  private readonly limits: Required<IngestLimits>;
  private readonly turns: Turns;
  private readonly onResult: NonNullable<IngestParts["onResult"]>;
  private readonly pending = { bytes: 0, bodies: 0 };

  constructor({ store, models, limits = {}, turns = new Turns(), onResult = () => undefined }: IngestParts) {
    this.store = store;
    this.models = models;
    this.limits = { streamBytes: 2 ** 24, bodySymbols: 2 ** 25, pendingBytes: 2 ** 26, pendingBodies: 1024, ...limits };
    this.turns = turns;
    this.onResult = onResult;
  }

  /**
   * Stores the parcels of a body that are the holder's to send.
   *
   * @returns one result for each parcel that was found, in their order
   * @throws IsthmusError `OVERLOADED` where nothing was read because too much is waiting; `STORE_UNAVAILABLE`
   */
  async accept(body: Uint8Array, holder: Holder): Promise<Result[]> {
    this.admit(body.length);
    try {
      const checked = await this.checkAll(body, holder);
      const arrivals = checked.flatMap((one) => ("arrival" in one ? [one.arrival] : []));
      const puts = arrivals.length === 0 ? [] : await this.store.put(arrivals);
      let next = 0;
      return checked.map((one) => {
        if ("result" in one) return this.told(one.result);
        const put = puts[next++]!;
        return this.told(resultOf(one.arrival, put), put.status === "stored" ? one.arrival : undefined);
      });
    } finally {
      this.pending.bytes -= body.length;
      this.pending.bodies--;
    }
  }

  /** Bodies that are being worked on. */
  get pendingBodies(): number {
    return this.pending.bodies;
  }

  private admit(bytes: number): void {
    const { pendingBytes, pendingBodies } = this.limits;
    const { pending } = this;
    // A body that is larger than all that may wait is taken alone.
    const isFull = pending.bodies >= pendingBodies || (pending.bodies > 0 && pending.bytes + bytes > pendingBytes);
    if (isFull) throw new IsthmusError("OVERLOADED", "too many frames are waiting to be stored", { ...pending });
    pending.bytes += bytes;
    pending.bodies++;
  }

  private told(result: Result, stored?: Arrival): Result {
    this.onResult(result, stored);
    return result;
  }

  private async checkAll(body: Uint8Array, holder: Holder): Promise<Checked[]> {
    const checked: Checked[] = [];
    const work = new LongWork(this.turns);
    const spent = { symbols: 0 };
    for (const found of readParcels(body, this.limits.streamBytes)) {
      await work.rest();
      if ("error" in found) checked.push({ result: this.unreadable(found.error, found.offset) });
      else checked.push(await this.check(found.parcel, found.offset, holder, spent, work));
    }
    return checked;
  }

  private unreadable({ code, message }: IsthmusError, offset: number): Refused {
    const refused = { offset, status: "refused", code, detail: message } as const;
    if (code === "PARCEL_VERSION") return { ...refused, reason: "unsupported-media-type" };
    if (code === "PARCEL_LIMIT") return { ...refused, reason: "too-large", limit: this.limits.streamBytes };
    return { ...refused, reason: "bad-frame" };
  }

  /** @param spent what the parcels before it in the body claimed: a few bytes may stand for very many integers, and take as long to decode where they end wrongly */
  private async check(
    parcel: Parcel,
    offset: number,
    holder: Holder,
    spent: { symbols: number },
    work: LongWork,
  ): Promise<Checked> {
    const { device, sequence, stream } = parcel;
    const refused = { device, sequence, status: "refused" } as const;
    if (!maySend(holder, device)) {
      const detail = `the token is of ${holder.role} ${holder.name}, which cannot send frames of device ${device}`;
      return { result: { ...refused, reason: "other-device", detail } };
    }
    if (spent.symbols >= this.limits.bodySymbols) {
      const detail = `what is before it in the body claims ${spent.symbols} integers; send fewer frames at once`;
      return { result: { ...refused, reason: "too-large", limit: this.limits.streamBytes, detail } };
    }
    try {
      const { model, symbols } = await work.run(claimOf(stream));
      const served = await this.models.find(model);
      if (served) {
        spent.symbols += symbols;
        return { arrival: { ...parcel, model, ...(await served.check(stream, work)) }, offset };
      }
      return { result: { ...refused, reason: "unknown-model", model, detail: `model ${model} is not here` } };
    } catch (error) {
      const at = offset + PARCEL_HEADER_BYTES + device.length;
      return { result: { ...refused, ...badFrame(error, at) } };
    }
  }
}

function maySend({ role, name }: Holder, device: string): boolean {
  return role === "operator" || (role === "device" && name === device);
}

/** Of an error of the stream, whose offsets are its own; any other is thrown on. */
function badFrame(error: unknown, streamAt: number): Pick<Refused, "reason" | "code" | "offset" | "detail"> {
  if (!(error instanceof IsthmusError) || !error.code.startsWith("BITSTREAM_")) throw error;
  const { offset = 0 } = error.details as { readonly offset?: number };
  // The message begins with the offset in the stream, which would be taken for the one in the body.
  const detail = error.message.replace(/^byte \d+: /, "");
  return { reason: "bad-frame", code: error.code, offset: streamAt + offset, detail };
}

function resultOf({ device, sequence }: Arrival, put: Put): Result {
  if (put.status !== "taken") return { device, sequence, status: put.status };
  const { next } = put;
  const detail = `another stream is stored as ${sequence} of ${device}; ${next} and above are free`;
  return { device, sequence, status: "refused", reason: "sequence-taken", next, detail };
}

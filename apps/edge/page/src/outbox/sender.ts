import { writeParcel } from "@isthmus/codec";
import { type FramesAnswer, postParcels } from "../service/service.ts";
import type { Settings } from "../settings.ts";
import { nextDelay } from "./backoff.ts";
import { lastSequence, settle, takeBatch, type Waiting } from "./outbox.ts";
import { outcomesOf } from "./outcomes.ts";

/** How the sending goes, for people. */
export type SendState =
  | { readonly kind: "idle" }
  | { readonly kind: "sending" }
  | { readonly kind: "no-service" }
  | { readonly kind: "offline" }
  | { readonly kind: "waiting"; readonly until: number; readonly why: string };

export interface Sender {
  /** Sends what waits, now if nothing hinders it; without patience for a delay that is still running if `anyway`. */
  wake(anyway?: boolean): void;
}

const LOCK = "isthmus-outbox";
const BATCH = { parcels: 64, bytes: 1_000_000 };
/** Answers of which others than these parcels know nothing: the next ones may be well received. */
const GO_ON: ReadonlySet<number> = new Set([200, 400, 409, 413]);

/** Sends what waits whenever it can: when woken, when the network is back, and again after a growing delay. One tab at a time. */
export function sender(settings: () => Settings, onChange: (state: SendState) => void): Sender {
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running: Promise<void> | undefined;
  let isWanted = false;

  /** Hands over all that waits, each parcel once; what was said against it at last, if anything. */
  const sendAll = async (): Promise<FramesAnswer | undefined> => {
    const until = await lastSequence();
    let refusal: FramesAnswer | undefined;
    let parcels = BATCH.parcels;
    for (let after = 0; ;) {
      const batch = await takeBatch({ ...BATCH, parcels, after, until });
      if (batch.length === 0) return refusal;
      onChange({ kind: "sending" });
      const { body, offsets } = bodyOf(batch);
      const answer = await postParcels(settings(), body);
      const outcomes = outcomesOf(batch, answer, offsets);
      for (const [i, outcome] of outcomes.entries()) if (outcome) await settle(batch[i]!, outcome);
      if (answer.reason === "too-large" && batch.length > 1) {
        parcels = Math.floor(batch.length / 2);
        continue;
      }
      after = batch.at(-1)!.sequence;
      if (outcomes.some((outcome) => outcome?.kind !== "sent")) refusal = answer;
      if (!GO_ON.has(answer.status)) return answer;
    }
  };

  const pause = (answer: FramesAnswer) => {
    const delay = nextDelay(++failures, answer.retryAfter, Math.random());
    onChange({ kind: "waiting", until: Date.now() + delay, why: whyOf(answer) });
    timer = setTimeout(() => wake(true), delay);
  };

  const drain = async () => {
    const hindrance = hindranceOf(settings());
    if (hindrance) return onChange({ kind: hindrance });
    clearTimeout(timer);
    timer = undefined;
    const refusal = await exclusively(sendAll);
    if (refusal) return pause(refusal);
    failures = 0;
    onChange({ kind: "idle" });
  };

  const run = async () => {
    while (isWanted) {
      isWanted = false;
      await drain();
    }
  };

  const wake = (anyway = false) => {
    if (timer !== undefined && !anyway && navigator.onLine) return;
    isWanted = true;
    running ??= run()
      .catch((error: Error) => pause({ status: 0, results: [], detail: error.message }))
      .finally(() => (running = undefined));
  };

  addEventListener("online", () => wake(true));
  addEventListener("offline", () => onChange({ kind: "offline" }));
  return { wake };
}

function hindranceOf({ service }: Settings): "no-service" | "offline" | undefined {
  if (service === "") return "no-service";
  return navigator.onLine ? undefined : "offline";
}

/** Two tabs do not send at once, where the browser can lock; where it cannot, a service knows duplicates. */
async function exclusively<T>(work: () => Promise<T>): Promise<T> {
  return navigator.locks ? await navigator.locks.request(LOCK, work) : await work();
}

/** Parcels one after the other, and where each begins. */
function bodyOf(batch: readonly Waiting[]): { body: Uint8Array<ArrayBuffer>; offsets: number[] } {
  const parcels = batch.map(writeParcel);
  const offsets: number[] = [];
  let length = 0;
  for (const parcel of parcels) {
    offsets.push(length);
    length += parcel.length;
  }
  const body = new Uint8Array(length);
  parcels.forEach((parcel, i) => body.set(parcel, offsets[i]));
  return { body, offsets };
}

const REASONS: Readonly<Record<string, string>> = {
  unauthorised: "the service does not accept the token",
  "other-device": "the token is another device's",
  "unknown-model": "the service does not have this model; an operator can upload it",
  overloaded: "the service is busy",
  unavailable: "the service cannot store anything now",
  "bad-frame": "a frame arrived damaged",
  "unsupported-media-type": "the service speaks another version",
};

function whyOf({ status, results, reason, detail }: FramesAnswer): string {
  const code = reason ?? results.find((one) => one.status === "refused")?.reason;
  return (code && REASONS[code]) ?? detail ?? `the service answered ${status}`;
}

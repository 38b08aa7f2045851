import type { Parcel } from "@isthmus/codec";
import { resultOf, transact } from "./database.ts";

/** A parcel on its way, as it is kept. */
export interface Waiting extends Parcel {
  /** How often the service found it damaged. */
  readonly damaged: number;
  /** Whether it may have arrived without our knowing: its bytes must not change any more. */
  readonly underWay: boolean;
  /** Why it is no longer sent, where a person has to look. */
  readonly aside?: string;
}

export interface Counts {
  readonly waiting: number;
  readonly waitingBytes: number;
  readonly aside: number;
  readonly sent: number;
  readonly sentBytes: number;
}

/** What the service said of a parcel, as the outbox keeps it. */
export type Outcome =
  | { readonly kind: "sent" }
  | { readonly kind: "kept" }
  | { readonly kind: "damaged" }
  | { readonly kind: "aside"; readonly why: string }
  | { readonly kind: "renumber"; readonly next: number };

const TIMES_DAMAGED = 10;

/** Queues a stream: in the same transaction it gets a sequence that no other parcel of this browser had. */
export function enqueue(parcel: Pick<Parcel, "device" | "time" | "stream">): Promise<number> {
  return transact(["parcels", "counters"], "readwrite", async (store) => {
    const sequence = await nextSequence(store("counters"), 0);
    await resultOf(store("parcels").add({ ...parcel, sequence, damaged: 0, underWay: false } satisfies Waiting));
    return sequence;
  });
}

/** Above all before, at least `least`; a browser without memory begins at the milliseconds since 1970. */
async function nextSequence(counters: IDBObjectStore, least: number): Promise<number> {
  const last = ((await resultOf(counters.get("sequence"))) as number | undefined) ?? Date.now();
  const sequence = Math.max(last + 1, least);
  await resultOf(counters.put(sequence, "sequence"));
  return sequence;
}

/** Which parcels are looked at, by their sequences, and how many are taken at most; one is, however large. */
export interface BatchRange {
  readonly after: number;
  readonly until: number;
  readonly parcels: number;
  /** Of streams. */
  readonly bytes: number;
}

/** The oldest parcels of a range that wait; they are marked as under way. */
export function takeBatch({ after, until, ...limit }: BatchRange): Promise<Waiting[]> {
  return transact("parcels", "readwrite", async (store) => {
    const parcels = store("parcels");
    const batch: Waiting[] = [];
    let bytes = 0;
    for (const one of after < until ? await everyParcel(parcels, IDBKeyRange.bound(after, until, true)) : []) {
      if (one.aside !== undefined) continue;
      bytes += one.stream.length;
      if (batch.length > 0 && (batch.length === limit.parcels || bytes > limit.bytes)) break;
      batch.push({ ...one, underWay: true });
    }
    await Promise.all(batch.map((one) => resultOf(parcels.put(one))));
    return batch;
  });
}

/** The last sequence that was given; 0 before the first. */
export function lastSequence(): Promise<number> {
  return transact(
    "counters",
    "readonly",
    async (store) => ((await resultOf(store("counters").get("sequence"))) as number | undefined) ?? 0,
  );
}

function everyParcel(parcels: IDBObjectStore, range?: IDBKeyRange): Promise<Waiting[]> {
  return resultOf(parcels.getAll(range)) as Promise<Waiting[]>;
}

/** Keeps what became of a parcel. */
export function settle(parcel: Waiting, outcome: Outcome): Promise<void> {
  return transact(["parcels", "counters"], "readwrite", async (store) => {
    const [parcels, counters] = [store("parcels"), store("counters")];
    // Another tab may have settled it meanwhile.
    if (!(await resultOf(parcels.get(parcel.sequence)))) return;
    if (outcome.kind === "sent") return depart(parcels, counters, parcel);
    if (outcome.kind === "renumber") return renumber(parcels, counters, parcel, outcome.next);
    await resultOf(parcels.put(afterRefusal(parcel, outcome)));
  });
}

function afterRefusal(parcel: Waiting, outcome: Exclude<Outcome, { kind: "sent" | "renumber" }>): Waiting {
  const kept = { ...parcel, underWay: false };
  if (outcome.kind === "aside") return { ...kept, aside: outcome.why };
  if (outcome.kind === "kept") return kept;
  const damaged = parcel.damaged + 1;
  return { ...kept, damaged, ...(damaged >= TIMES_DAMAGED && { aside: `damaged ${damaged} times` }) };
}

async function depart(parcels: IDBObjectStore, counters: IDBObjectStore, { sequence, stream }: Waiting): Promise<void> {
  const sent = (await resultOf(counters.get("sent"))) as { parcels: number; bytes: number } | undefined;
  await resultOf(parcels.delete(sequence));
  const [before, bytes] = [sent?.parcels ?? 0, sent?.bytes ?? 0];
  await resultOf(counters.put({ parcels: before + 1, bytes: bytes + stream.length }, "sent"));
}

async function renumber(
  parcels: IDBObjectStore,
  counters: IDBObjectStore,
  parcel: Waiting,
  least: number,
): Promise<void> {
  const sequence = await nextSequence(counters, least);
  await resultOf(parcels.delete(parcel.sequence));
  await resultOf(parcels.add({ ...parcel, sequence, underWay: false } satisfies Waiting));
}

/** Parcels that cannot have arrived are from now on this device's; the others keep their name. */
export function rename(device: string): Promise<void> {
  return change((parcel) => (parcel.underWay || parcel.device === device ? undefined : { ...parcel, device }));
}

/** Those set aside wait again. */
export function returnAside(): Promise<void> {
  return change(({ aside, ...parcel }) => (aside === undefined ? undefined : { ...parcel, damaged: 0 }));
}

function change(of: (parcel: Waiting) => Waiting | undefined): Promise<void> {
  return transact("parcels", "readwrite", async (store) => {
    const parcels = store("parcels");
    const changed = (await everyParcel(parcels)).map(of).filter((one) => one !== undefined);
    await Promise.all(changed.map((one) => resultOf(parcels.put(one))));
  });
}

export function counts(): Promise<Counts> {
  return transact(["parcels", "counters"], "readonly", async (store) => {
    const all = await everyParcel(store("parcels"));
    const sent = (await resultOf(store("counters").get("sent"))) as { parcels: number; bytes: number } | undefined;
    const waiting = all.filter(({ aside }) => aside === undefined);
    return {
      waiting: waiting.length,
      waitingBytes: waiting.reduce((sum, { stream }) => sum + stream.length, 0),
      aside: all.length - waiting.length,
      sent: sent?.parcels ?? 0,
      sentBytes: sent?.bytes ?? 0,
    };
  });
}

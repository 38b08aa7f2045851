import type { Answer, Result } from "../service/results.ts";
import type { Outcome, Waiting } from "./outbox.ts";

/** What becomes of each parcel of a body, by the service's answer; parcels that it says nothing of stay as they are. */
export function outcomesOf(
  batch: readonly Pick<Waiting, "device" | "sequence">[],
  { results, reason }: Answer,
  offsets: readonly number[],
): (Outcome | undefined)[] {
  return batch.map(({ device, sequence }, i) => {
    const result = results.find((one) =>
      one.sequence === undefined ? one.offset === offsets[i] : one.sequence === sequence && one.device === device,
    );
    if (result) return outcomeOf(result);
    // Alone, and too large: sending fewer at once will not help.
    return reason === "too-large" && batch.length === 1
      ? { kind: "aside", why: "too large for the service" }
      : undefined;
  });
}

function outcomeOf({ status, reason, detail, next }: Result): Outcome {
  if (status !== "refused") return { kind: "sent" };
  if (reason === "bad-frame") return { kind: "damaged" };
  if (reason === "sequence-taken") return next === undefined ? { kind: "kept" } : { kind: "renumber", next };
  if (reason === "too-large") return { kind: "aside", why: detail ?? "too large for the service" };
  return { kind: "kept" };
}

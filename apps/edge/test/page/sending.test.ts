import { describe, expect, it } from "vitest";
import { nextDelay } from "../../page/src/outbox/backoff.ts";
import { outcomesOf } from "../../page/src/outbox/outcomes.ts";
import { readAnswer } from "../../page/src/service/results.ts";
import { tokenDevice, tokenProblem } from "../../page/src/settings.ts";

const parcel = (sequence: number) => ({ device: "page-1", sequence });

describe("what becomes of parcels", () => {
  it("is what the service says of each, and nothing of those that it does not speak of", () => {
    const results = [
      { ...parcel(1), status: "stored" },
      { ...parcel(2), status: "duplicate" },
      { ...parcel(3), status: "refused", reason: "unknown-model", model: "00" },
      { ...parcel(4), status: "refused", reason: "sequence-taken", next: 90 },
      { offset: 400, status: "refused", reason: "bad-frame", code: "PARCEL_CRC" },
    ];
    const batch = [1, 2, 3, 4, 5, 6].map(parcel);
    expect(outcomesOf(batch, readAnswer({ results }), [0, 100, 200, 300, 400, 500])).toEqual([
      { kind: "sent" },
      { kind: "sent" },
      { kind: "kept" },
      { kind: "renumber", next: 90 },
      { kind: "damaged" },
      undefined,
    ]);
  });

  it("is nothing where another device's sequence is meant", () => {
    const answer = readAnswer({ results: [{ device: "page-2", sequence: 1, status: "stored" }] });
    expect(outcomesOf([parcel(1)], answer, [0])).toEqual([undefined]);
  });

  it("is to be set aside where one is too large alone, and only then", () => {
    const answer = readAnswer({ type: "urn:isthmus:problem:too-large", limit: 10 });
    expect(outcomesOf([parcel(1), parcel(2)], answer, [0, 50])).toEqual([undefined, undefined]);
    expect(outcomesOf([parcel(1)], answer, [0])).toEqual([{ kind: "aside", why: "too large for the service" }]);
  });
});

it("an answer that is none of a service's says nothing", () => {
  for (const body of [
    undefined,
    null,
    "gateway",
    7,
    [],
    { results: "all" },
    { results: [null, { status: "fine" }], type: "about:blank" },
  ]) {
    expect(readAnswer(body)).toEqual({ results: [] });
  }
});

it("waits ever longer, up to five minutes, with jitter, and never less than the service asked for", () => {
  expect([1, 2, 3].map((failures) => nextDelay(failures, undefined, 0))).toEqual([500, 1000, 2000]);
  expect(nextDelay(1, undefined, 0.5)).toBe(750);
  expect(nextDelay(40, undefined, 0)).toBe(150_000);
  expect(nextDelay(1, 7, 0)).toBe(7000);
});

it("knows tokens and whose they are", () => {
  expect(tokenDevice("device.pump.7.0.abc-_9")).toBe("pump.7");
  expect(tokenDevice("reader.ann.0.abc")).toBeUndefined();
  expect(tokenProblem("")).toBeUndefined();
  expect(tokenProblem("reader.ann.0.abc")).toBeUndefined();
  for (const token of ["pump-7", "device.pump", "guest.pump.0.abc", "device.pump.x.abc"])
    expect(tokenProblem(token)).toBeDefined();
});

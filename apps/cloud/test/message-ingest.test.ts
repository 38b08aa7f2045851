import { IsthmusError } from "@isthmus/math";
import type { IPublishPacket } from "mqtt";
import { describe, expect, it } from "vitest";
import type { Holder } from "../src/auth/holder.ts";
import { Tokens } from "../src/auth/tokens.ts";
import { Ingest } from "../src/ingest/ingest.ts";
import { MessageIngest } from "../src/mqtt/message-ingest.ts";
import { type UpMessage, upMessageOf } from "../src/mqtt/up-message.ts";
import { signature } from "./support/device-client.ts";
import { oneModel, parcelOf } from "./support/frames.ts";

const pump: Holder = { role: "device", name: "pump-7" };

function packet(topic: string, properties: IPublishPacket["properties"] = {}, payload: string | Buffer = "x") {
  return { cmd: "publish", qos: 1, dup: false, retain: false, topic, payload, properties } as IPublishPacket;
}

describe("a message", () => {
  it("is of the device that its topic names", () => {
    const correlationData = Buffer.from("abc");
    const userProperties = { generation: "3", mac: "m", other: "x" };
    const read = upMessageOf(packet("isthmus/v1/pump-7/up", { correlationData, userProperties }));
    expect(read).toEqual({
      device: "pump-7",
      body: Buffer.from("x"),
      claim: { generation: 3, mac: "m" },
      correlationData,
    });
  });

  it.each([
    "isthmus/v1/.bad/up",
    "isthmus/v1//up",
    "isthmus/v1/a/b/up",
    "isthmus/v1/a/ack",
    "x/isthmus/v1/a/up",
    "isthmus/v1/ä/up",
  ])("is none with the topic %s", (topic) => expect(upMessageOf(packet(topic))).toBeUndefined());

  it.each([
    {},
    { mac: "m" },
    { generation: "3" },
    { generation: "-1", mac: "m" },
    { generation: "1e3", mac: "m" },
    { generation: ["1", "2"], mac: "m" },
    { generation: "1", mac: ["m", "m"] },
  ])("claims nothing with the properties %j", (userProperties) => {
    expect(upMessageOf(packet("isthmus/v1/a/up", { userProperties }))!.claim).toBeUndefined();
  });
});

/** A service with a secret, which stores in memory. */
function service(put?: () => Promise<never>) {
  const stored: string[] = [];
  const bugs: unknown[] = [];
  const generations = new Map<string, number>();
  const tokens = new Tokens(Buffer.from("the secret of the service"), {
    generation: async (key) => generations.get(key) ?? 0,
  });
  const ingest = new Ingest({
    models: oneModel,
    store: {
      put: async (arrivals) => {
        await put?.();
        stored.push(...arrivals.map(({ device, sequence }) => `${device} ${sequence}`));
        return arrivals.map(() => ({ status: "stored" as const }));
      },
    },
  });
  const parts = { ingest, maxBytes: 1000, onBug: (error: unknown) => bugs.push(error) };
  return {
    stored,
    bugs,
    generations,
    tokens,
    guarded: new MessageIngest({ ...parts, tokens }),
    open: new MessageIngest(parts),
  };
}

function message(body: Uint8Array, claim?: { generation: string; mac: string }, device = "pump-7"): UpMessage {
  const said = claim && { generation: Number(claim.generation), mac: claim.mac };
  return { device, body, claim: said, correlationData: undefined };
}

const read = (answer: { body: string }): Record<string, unknown> => JSON.parse(answer.body) as Record<string, unknown>;

describe("a service with a secret", () => {
  it("stores what the device signed, and answers with the results", async () => {
    const { guarded, tokens, stored } = service();
    const body = parcelOf("pump-7", 5);
    const answer = await guarded.answer(message(body, signature(tokens.issue(pump, 0), body)));
    expect(answer).toEqual({
      body: JSON.stringify({ results: [{ device: "pump-7", sequence: 5, status: "stored" }] }),
      contentType: "application/json",
    });
    expect(stored).toEqual(["pump-7 5"]);
  });

  it("reads nothing of what is not signed by the device of the topic", async () => {
    const { guarded, tokens, stored } = service();
    const body = parcelOf("pump-7", 5);
    const token = tokens.issue(pump, 0);
    const right = signature(token, body);
    const claims = [
      undefined,
      signature(tokens.issue({ role: "device", name: "pump-8" }, 0), body),
      signature(tokens.issue({ role: "operator", name: "pump-7" }, 0), body),
      signature(token, parcelOf("pump-7", 6)),
      { ...right, generation: "1" },
      { ...right, mac: right.mac.slice(1) },
      { ...right, mac: "" },
      { ...right, mac: `${right.mac}=` },
    ];
    for (const claim of claims) {
      const answer = await guarded.answer(message(body, claim));
      expect(answer).toMatchObject({ contentType: "application/problem+json", refused: "unauthorised" });
      expect(read(answer)).toMatchObject({ type: "urn:isthmus:problem:unauthorised", status: 401 });
    }
    expect(stored).toEqual([]);
  });

  it("refuses the generations below the one that was raised", async () => {
    const { guarded, tokens, generations } = service();
    generations.set("device.pump-7", 2);
    const body = parcelOf("pump-7", 5);
    const signed = (generation: number) => message(body, signature(tokens.issue(pump, generation), body));
    expect((await guarded.answer(signed(1))).refused).toBe("unauthorised");
    expect((await guarded.answer(signed(2))).refused).toBeUndefined();
  });

  it("refuses the parcels of another device in a body of this one, alone", async () => {
    const { open, stored } = service();
    const body = Buffer.concat([parcelOf("pump-7", 1), parcelOf("pump-8", 2)]);
    const answer = await open.answer(message(body));
    expect(read(answer)["results"]).toMatchObject([
      { device: "pump-7", status: "stored" },
      { device: "pump-8", status: "refused", reason: "other-device" },
    ]);
    expect(stored).toEqual(["pump-7 1"]);
  });
});

describe("a body", () => {
  it("is refused where it is too large, before anything else is looked at", async () => {
    const { guarded } = service();
    const answer = await guarded.answer(message(new Uint8Array(1001)));
    expect(read(answer)).toMatchObject({ type: "urn:isthmus:problem:too-large", status: 413, limit: 1000 });
    expect(read(await guarded.answer(message(new Uint8Array(1000))))).toMatchObject({ status: 401 });
  });

  it("that is no parcel is a bad frame", async () => {
    const { open } = service();
    const answer = await open.answer(message(Buffer.from("hello")));
    expect(read(answer)["results"]).toMatchObject([
      { status: "refused", reason: "bad-frame", code: "PARCEL_MAGIC", offset: 0 },
    ]);
  });
});

describe("what fails", () => {
  const answered = async (error: Error) => {
    const { open, bugs } = service(() => Promise.reject(error));
    const answer = await open.answer(message(parcelOf("pump-7", 5)));
    return { document: read(answer), refused: answer.refused, bugs };
  };

  it("for want of a database is unavailable, to be tried again after some seconds", async () => {
    const { document, refused, bugs } = await answered(
      new IsthmusError("STORE_UNAVAILABLE", "pg.internal:5432 refused"),
    );
    expect(document).toMatchObject({ type: "urn:isthmus:problem:unavailable", status: 503, retryAfter: 5 });
    expect(JSON.stringify(document)).not.toContain("pg.internal");
    expect([refused, bugs]).toEqual(["unavailable", []]);
  });

  it("for too much at once is overloaded", async () => {
    const { document } = await answered(new IsthmusError("OVERLOADED", "too many"));
    expect(document).toMatchObject({ status: 429, retryAfter: 1 });
  });

  it("by a bug of ours is told to the log, and to the device without details", async () => {
    const bug = new TypeError("undefined is not a function");
    const { document, refused, bugs } = await answered(bug);
    expect(document).toMatchObject({ type: "urn:isthmus:problem:internal", status: 500 });
    expect(JSON.stringify(document)).not.toContain("undefined is not");
    expect([refused, bugs]).toEqual(["internal", [bug]]);
  });
});

/** JSON schemas of what is asked and answered, for checking and for the OpenAPI document. */
import { RESULT_REASONS } from "../ingest/result.ts";
import type { JsonSchema } from "./route.ts";

const integer = (description: string): JsonSchema => ({ type: "integer", minimum: 0, description });
const text = (description: string): JsonSchema => ({ type: "string", description });

function object(properties: Readonly<Record<string, JsonSchema>>, optional: readonly string[] = []): JsonSchema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: "object", properties, required, additionalProperties: false };
}

const list = (items: JsonSchema): JsonSchema => ({ type: "array", items });

const MODEL_ID = { type: "string", pattern: "^[0-9a-f]{16}$", description: "16 hex digits" };
const DEVICE_ID = { type: "string", pattern: "^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$", description: "a device's id" };

export const deviceParams: JsonSchema = object({ id: DEVICE_ID });
export const modelParams: JsonSchema = object({ id: MODEL_ID });

const limit = (most: number, standard: number): JsonSchema => ({
  ...{ type: "integer", minimum: 1, maximum: most, default: standard },
  description: "how many at most",
});
const time = (description: string): JsonSchema => ({ type: "integer", minimum: 0, maximum: 2 ** 53 - 1, description });

export const devicesQuery: JsonSchema = object(
  {
    after: { ...DEVICE_ID, description: "begin behind this device: the `next` of another page" },
    limit: limit(1000, 100),
  },
  ["after", "limit"],
);

export const itemsQuery: JsonSchema = object(
  {
    from: time("microseconds since 1970 by the device's clock, inclusive"),
    to: time("the same, exclusive"),
    after: { type: "string", pattern: "^\\d{1,16}\\.\\d{1,16}$", description: "the `next` of another page" },
    limit: limit(500, 50),
  },
  ["from", "to", "after", "limit"],
);

export const bundleQuery: JsonSchema = object(
  { quality: { type: "integer", minimum: 0, maximum: 255, description: "which of the model's qualities; default: 0" } },
  ["quality"],
);

const device: JsonSchema = object({
  device: DEVICE_ID,
  frames: integer("frames stored"),
  items: integer("items in them"),
  bytes: integer("of streams, as stored"),
  rawBytes: integer("that the items were before they were encoded"),
  from: integer("the least time of a frame by the device's clock, microseconds"),
  to: integer("the greatest"),
  lastReceived: integer("milliseconds since 1970 by the service's clock"),
  lastSequence: integer("the highest"),
  model: { ...MODEL_ID, description: "of the frame received last" },
});

const model: JsonSchema = object({
  id: MODEL_ID,
  kind: text("vae, ..., or lossless"),
  shape: { ...list(integer("")), description: "of an item; [rows, columns] of a table" },
  data: object({ kind: { enum: ["images", "table", "array"] }, columns: list(text("")) }, ["columns"]),
});

const item: JsonSchema = object(
  {
    values: {
      ...list({ type: ["number", "string"] }),
      description: "in the data's own units, row after row; of a category its name; of an image 0 to 255",
    },
    code: { ...list({ type: "integer" }), description: "the integers that the device sent; none of a lossless stream" },
    shape: { ...list(integer("")), description: "of a picture, [height, width, channels]" },
  },
  ["shape"],
);

const result: JsonSchema = object(
  {
    device: DEVICE_ID,
    sequence: integer(""),
    status: { enum: ["stored", "duplicate", "refused"] },
    reason: { enum: [...RESULT_REASONS] },
    detail: text("for people"),
    code: text("of what is wrong with the bytes"),
    offset: integer("where, in the body"),
    model: MODEL_ID,
    next: integer("above all sequences of the device"),
    limit: integer("bytes"),
  },
  ["device", "sequence", "reason", "detail", "code", "offset", "model", "next", "limit"],
);

const problemMembers: Readonly<Record<string, JsonSchema>> = {
  type: text("urn:isthmus:problem:<kind>"),
  title: text("the kind in words"),
  detail: text("what it is this time"),
};

export const problem: JsonSchema = {
  type: "object",
  properties: { ...problemMembers, status: { type: "integer" }, results: list(result) },
  required: ["type", "title", "status", "detail"],
};

const frame: JsonSchema = object(
  {
    sequence: integer("the device's own"),
    time: integer("microseconds by the device's clock; 0 where it did not know"),
    received: integer("milliseconds by the service's clock"),
    model: MODEL_ID,
    bytes: integer("of the stream"),
    rawBytes: integer("that its items were before they were encoded"),
    items: list(item),
    problem: { ...object({ ...problemMembers }), description: "in place of items that cannot be decoded now" },
  },
  ["items", "problem"],
);

const next = text("there is more behind this: the `after` of the next page");

const totals: JsonSchema = object({
  devices: integer(""),
  frames: integer(""),
  items: integer(""),
  bytes: integer(""),
  rawBytes: integer(""),
});

export const answers: Readonly<
  Record<"results" | "devices" | "device" | "items" | "models" | "model" | "decoded" | "health", JsonSchema>
> = {
  results: object({ results: list(result) }),
  devices: object({ devices: list(device), totals, next }, ["next"]),
  device,
  items: object({ frames: list(frame), models: { type: "object", additionalProperties: model }, next }, ["next"]),
  models: object({ models: list(model) }),
  model,
  decoded: object({ model, items: list(item) }),
  health: object({ status: text("ok, or what is not") }),
};

/** What a service answers to the page, made up: routes of docs/protocol.md by path. */
import { syntheticDigits } from "@isthmus/data";

interface Answer {
  readonly status?: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** By path without the query; a function is given the query. */
export type Answers = Readonly<Record<string, Answer | ((query: URLSearchParams) => Answer)>>;

const HOUR = 3_600_000_000;
/** By the devices' clocks, in microseconds. */
const NOON = Date.UTC(2026, 5, 1, 12) * 1000;
const [DIGITS, SERIES, ARRAYS] = ["0123456789abcdef", "fedcba9876543210", "00112233445566aa"] as const;

const models = [
  { id: DIGITS, kind: "vae", shape: [28, 28, 1], data: { kind: "images" } },
  {
    id: SERIES,
    kind: "ae",
    shape: [32, 3],
    data: { kind: "table", columns: ["flow (l/min)", "pressure (bar)", "state"] },
  },
  { id: ARRAYS, kind: "ae", shape: [64], data: { kind: "array" } },
];

function deviceOf(device: string, change: object = {}): object {
  const sizes = { frames: 24, items: 24, bytes: 24 * 61, rawBytes: 24 * 784 };
  const times = { from: NOON - HOUR, to: NOON, lastReceived: NOON / 1000, lastSequence: 23 };
  return { device, ...sizes, ...times, model: DIGITS, ...change };
}

const code = (length: number, seed: number): number[] =>
  Array.from({ length }, (_, i) => Math.round(6 * Math.sin(seed + 1.7 * i) * Math.exp(-i / length)));

/** Frames of one item each, 150 seconds apart. */
function framesOf(model: string, rawBytes: number, values: (frame: number) => (number | string)[]): object[] {
  return Array.from({ length: 24 }, (_, i) => ({
    ...{ sequence: i, time: NOON - HOUR + 150e6 * i, received: NOON / 1000 + i, model, bytes: 57 + (i % 9), rawBytes },
    items: [{ values: values(i), code: code(model === DIGITS ? 16 : 6, i) }],
  }));
}

function pictures(): object[] {
  const digits = syntheticDigits({ items: 24, seed: 5 });
  return framesOf(DIGITS, 784, (i) => [...digits.values.subarray(784 * i, 784 * (i + 1))]);
}

function windows(): object[] {
  const row = (t: number) => [
    18 + 4 * Math.sin(t / 40) + Math.sin(t * 12.9) / 3,
    2.4 + 0.3 * Math.cos(t / 65) + (t > 500 && t < 530 ? -0.9 : 0) + Math.sin(t * 7.7) / 40,
    t > 500 && t < 530 ? "low" : "ok",
  ];
  return framesOf(SERIES, 768, (i) => Array.from({ length: 32 }, (_, k) => row(32 * i + k)).flat());
}

function arrays(): object[] {
  return framesOf(ARRAYS, 256, (i) =>
    Array.from({ length: 64 }, (_, k) => Math.exp(-(((k - 20 - i) / 6) ** 2)) - (k % 5) / 40),
  );
}

const modelsById = Object.fromEntries(models.map((model) => [model.id, model]));
const items = (frames: object[], change: object = {}): Answer => ({ body: { frames, models: modelsById, ...change } });

/** Four devices, one of them with frames of a model that is not there. */
export const someDevices: Answers = {
  "/v1/devices": {
    body: {
      devices: [
        deviceOf("camera-hall-2"),
        deviceOf("pump-7", { model: SERIES, items: 96_432, frames: 4018, bytes: 401_220, rawBytes: 37_029_888 }),
        deviceOf("spectrometer.lab_3", { model: ARRAYS, bytes: 24 * 300, rawBytes: 24 * 256 }),
        deviceOf("waits-for-its-model", { model: "aaaaaaaaaaaaaaaa" }),
      ],
      totals: { devices: 4, frames: 4090, items: 96_504, bytes: 411_348, rawBytes: 37_073_664 },
      next: "waits-for-its-model",
    },
  },
  "/v1/devices/camera-hall-2": { body: deviceOf("camera-hall-2") },
  "/v1/devices/camera-hall-2/items": (query) => items(pictures(), query.has("after") ? {} : { next: "1.23" }),
  "/v1/devices/pump-7": {
    body: deviceOf("pump-7", { model: SERIES, items: 96_432, frames: 4018, bytes: 401_220, rawBytes: 37_029_888 }),
  },
  "/v1/devices/pump-7/items": items(windows(), { next: "1.23" }),
  "/v1/devices/spectrometer.lab_3": { body: deviceOf("spectrometer.lab_3", { model: ARRAYS }) },
  "/v1/devices/spectrometer.lab_3/items": items(arrays()),
  "/v1/devices/waits-for-its-model": {
    body: deviceOf("waits-for-its-model", { model: "aaaaaaaaaaaaaaaa", from: 0, to: 0 }),
  },
  "/v1/devices/waits-for-its-model/items": items([
    {
      ...{ sequence: 0, time: 0, received: NOON / 1000, model: "aaaaaaaaaaaaaaaa", bytes: 61, rawBytes: 784 },
      problem: {
        type: "urn:isthmus:problem:unknown-model",
        title: "Unknown model",
        detail: "Model aaaaaaaaaaaaaaaa is not here; the frame is kept and decoded when it is.",
      },
    },
  ]),
  "/v1/models": { body: { models } },
};

export const nothingYet: Answers = {
  "/v1/devices": { body: { devices: [], totals: { devices: 0, frames: 0, items: 0, bytes: 0, rawBytes: 0 } } },
  "/v1/models": { body: { models: [] } },
};

const problem = (status: number, reason: string, title: string, detail: string, headers = {}): Answer => ({
  status,
  headers: { "content-type": "application/problem+json", ...headers },
  body: { type: `urn:isthmus:problem:${reason}`, status, title, detail },
});

export const unauthorised: Answers = Object.fromEntries(
  Object.keys(someDevices).map((path) => [
    path,
    problem(401, "unauthorised", "Unauthorised", "This token is not one of this service's."),
  ]),
);

export const overloaded: Answers = {
  "/v1/devices": problem(429, "overloaded", "Overloaded", "Too much is asked at once.", { "retry-after": "7" }),
};

/** Would run in a page that took text for markup, in any of the usual places. */
export const MARKUP = `"'><img src=x onerror="document.body.dataset.broken=1"><script>document.body.dataset.broken=1</script><svg onload="document.body.dataset.broken=1">javascript:alert(1)`;

/** Markup in every text that a service could return. */
export const hostile: Answers = {
  "/v1/devices": {
    body: {
      ...{ devices: [deviceOf(MARKUP, { model: MARKUP })], next: MARKUP },
      totals: { devices: 1, frames: 1, items: 1, bytes: 1, rawBytes: 1 },
    },
  },
  [`/v1/devices/${encodeURIComponent(MARKUP)}`]: { body: deviceOf(MARKUP, { model: MARKUP }) },
  [`/v1/devices/${encodeURIComponent(MARKUP)}/items`]: {
    body: {
      frames: [
        {
          ...{ sequence: MARKUP, time: 1, received: 1, model: "a", bytes: 1, rawBytes: 1 },
          items: [{ values: [MARKUP, MARKUP], code: [MARKUP] }],
        },
        {
          ...{ sequence: 1, time: 1, received: 1, model: MARKUP, bytes: 1, rawBytes: 1 },
          problem: { type: `${MARKUP}:unknown-model`, title: MARKUP, detail: MARKUP },
        },
      ],
      models: { a: { id: "a", kind: MARKUP, shape: [1, 2], data: { kind: "table", columns: [MARKUP, MARKUP] } } },
      next: MARKUP,
    },
  },
  "/v1/models": {
    body: {
      models: [
        { id: MARKUP, kind: MARKUP, shape: [MARKUP], data: { kind: MARKUP } },
        { id: MARKUP, kind: MARKUP, shape: [1, 2], data: { kind: "table", columns: [MARKUP] } },
      ],
    },
  },
  [`/v1/models/0123456789abcdef`]: problem(400, "bad-model", MARKUP, MARKUP),
  "/v1/devices/refused": problem(403, MARKUP, MARKUP, MARKUP),
};

/** Requests of all ways of being hostile, drawn from a seed. */
import { writeParcel } from "@isthmus/codec";
import {
  type Draw,
  pick,
  randomBytes,
  spliced,
  withDamage,
  withFlips,
} from "../../../../../packages/codec/test/support/hostile-draws.ts";
import { hostileJson } from "./json.ts";
import { type Request, requestBytes } from "./request.ts";
import type { Route } from "./routes.ts";
import { BODY_TYPES, HEADERS, LENGTHS, METHODS, NAMES, NUMBERS, TOKENS } from "./words.ts";

/** What good requests are made of. */
export interface Samples {
  readonly routes: readonly Route[];
  /** Of a device, a reader and an operator. */
  readonly tokens: readonly string[];
  readonly device: string;
  readonly models: readonly { readonly id: string; readonly file: Uint8Array }[];
  /** Streams of these models. */
  readonly streams: readonly Uint8Array[];
}

/** What is sent on one connection, and by which methods answers are to be read. */
export interface Sent {
  readonly bytes: Uint8Array;
  readonly methods: readonly string[];
  /** Whether every request of it is one that HTTP knows, so that each has an answer. */
  readonly isHttp: boolean;
}

export interface RequestKind {
  readonly name: string;
  readonly seed: number;
  readonly draw: (draw: Draw, samples: Samples) => Sent;
}

const NO_BODY = new Uint8Array();

/** A request that could be a good one, for a route. */
function sensible(draw: Draw, samples: Samples, route: Route): Request {
  const { device, models } = samples;
  const path = route.path.replaceAll(/\{(\w+)\}/g, () =>
    route.path.includes("models") ? pick(draw, models).id : device,
  );
  const type = route.bodies.length > 0 ? [["Content-Type", pick(draw, route.bodies)] as const] : [];
  const accept = route.answers.length > 0 && draw(2) === 0 ? [["Accept", pick(draw, route.answers)] as const] : [];
  const headers = [["Authorization", `Bearer ${pick(draw, samples.tokens)}`] as const, ...type, ...accept];
  return { method: route.method, target: path, headers, body: bodyOf(draw, samples, route) };
}

function bodyOf(draw: Draw, samples: Samples, { path, bodies }: Route): Uint8Array {
  if (bodies.length === 0) return NO_BODY;
  if (path.endsWith("/frames")) return parcels(draw, samples);
  if (path.includes("models")) return pick(draw, samples.models).file;
  return pick(draw, samples.streams);
}

function parcels(draw: Draw, { device, streams }: Samples): Uint8Array {
  const one = (): Uint8Array =>
    writeParcel({ device, sequence: draw(2 ** 31), time: draw(2 ** 31) * 1000, stream: pick(draw, streams) });
  return Buffer.concat(Array.from({ length: 1 + draw(3) }, one));
}

/** Of those who take a body, or of all. */
function someRoute(draw: Draw, { routes }: Samples, of: (route: Route) => boolean = () => true): Route {
  return pick(draw, routes.filter(of));
}

const single = (request: Request, isHttp = true): Sent => ({
  bytes: requestBytes(request, "close"),
  methods: [request.method],
  isHttp,
});

function changed(
  draw: Draw,
  samples: Samples,
  change: (request: Request) => Partial<Request>,
  of?: (route: Route) => boolean,
): Sent {
  const request = sensible(draw, samples, someRoute(draw, samples, of));
  return single({ ...request, ...change(request) });
}

const damagedBody = (draw: Draw, body: Uint8Array): Uint8Array => {
  if (body.length === 0) return randomBytes(draw);
  const ways = [
    () => withDamage(draw, body, 4),
    () => withFlips(draw, body, 4),
    () => body.subarray(0, draw(body.length)),
    () => spliced(draw, [body, randomBytes(draw)]),
    () => Buffer.concat([body, randomBytes(draw)]),
  ];
  return pick(draw, ways)();
};

/** A whole parcel of a stream that is damaged, or of another's device, or of a sequence that is taken. */
function parcelOfDamage(draw: Draw, samples: Samples): Uint8Array {
  const whole = pick(draw, samples.streams);
  const stream = draw(3) === 0 ? whole : damagedBody(draw, whole);
  const device = draw(4) === 0 ? pick(draw, ["a", "constructor", "__proto__", "..x".slice(2), "-"]) : samples.device;
  return writeParcel({
    device,
    sequence: pick(draw, [0, 1, draw(2 ** 31), 2 ** 53 - 1]),
    time: pick(draw, [0, 2 ** 53 - 1]),
    stream: stream.length > 0 ? stream : Uint8Array.of(0),
  });
}

const takes =
  (end: string) =>
  (route: Route): boolean =>
    route.bodies.length > 0 && route.path.includes(end);

export const requestKinds: readonly RequestKind[] = [
  {
    name: "good and bad requests behind each other on one connection",
    seed: 113,
    draw: (draw, samples) => {
      const requests = Array.from({ length: 2 + draw(6) }, () => sensible(draw, samples, someRoute(draw, samples)));
      const bytes = requests.map((one, i) => requestBytes(one, i === requests.length - 1 ? "close" : "keep-alive"));
      return { bytes: Buffer.concat(bytes), methods: requests.map(({ method }) => method), isHttp: true };
    },
  },
  {
    name: "parcels, damaged",
    seed: 101,
    draw: (draw, samples) => changed(draw, samples, ({ body }) => ({ body: damagedBody(draw, body) }), takes("frames")),
  },
  {
    name: "whole parcels of damaged streams, of other devices, of sequences that are taken",
    seed: 102,
    draw: (draw, samples) => changed(draw, samples, () => ({ body: parcelOfDamage(draw, samples) }), takes("frames")),
  },
  {
    name: "streams to decode, damaged",
    seed: 103,
    draw: (draw, samples) => changed(draw, samples, ({ body }) => ({ body: damagedBody(draw, body) }), takes("decode")),
  },
  {
    name: "models, damaged",
    seed: 104,
    draw: (draw, samples) => changed(draw, samples, ({ body }) => ({ body: damagedBody(draw, body) }), takes("models")),
  },
  {
    name: "bodies of another kind: JSON, forms, random bytes",
    seed: 105,
    draw: (draw, samples) =>
      changed(draw, samples, ({ headers }) => ({
        headers: [...headers.filter(([name]) => name !== "Content-Type"), ["Content-Type", pick(draw, BODY_TYPES)]],
        body: draw(2) ? Buffer.from(hostileJson(draw)) : randomBytes(draw),
      })),
  },
  {
    name: "paths: ids that are none, slashes, dots, NULs and percent signs",
    seed: 106,
    draw: (draw, samples) => {
      const route = someRoute(draw, samples);
      const name = (): string => pick(draw, NAMES);
      const target = pick(draw, [
        () => route.path.replaceAll(/\{\w+\}/g, name),
        () => `${route.path.replaceAll(/\{\w+\}/g, name)}/${name()}`,
        () => `/${name()}`,
        () => `/page/${name()}`,
        () => `//${name()}/..${route.path}`,
      ])();
      return single({ ...sensible(draw, samples, route), target });
    },
  },
  {
    name: "queries: numbers that are none, repeated, nested and named like an object's own",
    seed: 107,
    draw: (draw, samples) => {
      const route = someRoute(draw, samples, ({ query }) => query.length > 0);
      const names = [...route.query, ...route.query, "__proto__", "constructor", "limit[]", "from[a]", "toString"];
      const terms = Array.from(
        { length: 1 + draw(4) },
        () => `${pick(draw, names)}=${pick(draw, [...NUMBERS, ...NAMES])}`,
      );
      const request = sensible(draw, samples, route);
      return single({ ...request, target: `${request.target}?${terms.join(pick(draw, ["&", "&&", ";"]))}` });
    },
  },
  {
    name: "tokens that are none",
    seed: 108,
    draw: (draw, samples) =>
      changed(draw, samples, ({ headers }) => {
        const others = headers.filter(([name]) => name !== "Authorization");
        const good = Buffer.from(pick(draw, samples.tokens));
        const forged = pick(draw, [
          () => Buffer.from(withFlips(draw, good, 1)).toString("latin1"),
          () => good.subarray(0, draw(good.length)).toString("latin1"),
          () => good.toString().replace(/^\w+/, pick(draw, ["operator", "device", "reader", "admin"])),
          () => pick(draw, TOKENS),
        ])();
        const text = `${pick(draw, ["Bearer ", "bearer ", "Basic ", "", "Bearer  ", "Bearer\t"])}${forged}`;
        return { headers: draw(8) ? [...others, ["Authorization", printable(text)]] : others };
      }),
  },
  {
    name: "headers: of any name, long, many, repeated",
    seed: 109,
    draw: (draw, samples) =>
      changed(draw, samples, ({ headers }) => {
        const more = Array.from({ length: 1 + draw(4) }, () => pick(draw, HEADERS));
        const many = Array.from({ length: draw(8) === 0 ? 150 : 0 }, (_, i): [string, string] => [`X-${i}`, "x"]);
        return { headers: [...headers, ...more, ...many] };
      }),
  },
  {
    name: "methods that a route does not have",
    seed: 110,
    draw: (draw, samples) => changed(draw, samples, () => ({ method: pick(draw, METHODS) })),
  },
  {
    name: "bodies of another length than they say, chunks that are none",
    seed: 111,
    draw: (draw, samples) => {
      const request = sensible(draw, samples, someRoute(draw, samples, takes("")));
      const headers = [...request.headers, ...pick(draw, LENGTHS(request.body.length))];
      const body = pick(draw, [
        request.body,
        NO_BODY,
        Buffer.from(`${request.body.length.toString(16)}\r\n`),
        Buffer.from("0\r\n\r\n"),
        Buffer.from("ffffffffffffffff\r\nx"),
      ]);
      return single({ ...request, headers, body }, false);
    },
  },
  {
    name: "bytes that are no HTTP, or hardly",
    seed: 112,
    draw: (draw, samples) => {
      const good = requestBytes(sensible(draw, samples, someRoute(draw, samples)), "close");
      const bytes = draw(4)
        ? withDamage(draw, good.subarray(0, draw(2) ? good.length : draw(good.length)), 3)
        : randomBytes(draw);
      return { bytes, methods: [], isHttp: false };
    },
  },
];

/** What may stand in a header: without line ends, which would be other headers. */
function printable(text: string): string {
  return text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, "?");
}

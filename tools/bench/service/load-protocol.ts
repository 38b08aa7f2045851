/** What the process that makes the load is told, one JSON object a line, and what it answers. */

export interface LoadRequest {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What is sent: streams as they are, or each time as many parcels of a device whose sequence goes up. */
  readonly body: {
    /** Base64. */
    readonly streams: readonly string[];
    readonly parcels?: { readonly device: string; readonly from: number };
  };
  readonly seconds: number;
  readonly pace: Pace;
}

type Pace =
  /** So many connections, each of which asks again as soon as it was answered. */
  | { readonly kind: "closed"; readonly connections: number }
  /** So many requests a second, come what may, over as many connections as that takes. */
  | { readonly kind: "open"; readonly perSecond: number };

export interface LoadReport {
  readonly seconds: number;
  /** Answers by status; "closed": connections that ended instead. */
  readonly answers: Readonly<Record<string, number>>;
  /** Refusals without Retry-After. */
  readonly withoutRetryAfter: number;
  /** Requests whose time came while all connections were busy: they were never sent. */
  readonly unsent: number;
  /** Milliseconds of answers of status 200: from the time that the request was due. */
  readonly latency: Quantiles;
  /** Milliseconds of all other answers. */
  readonly refusedLatency: Quantiles;
  /** Seconds of processor time that making the load took. */
  readonly cpuSeconds: number;
}

export interface Quantiles {
  readonly p50: number | null;
  readonly p99: number | null;
  readonly most: number | null;
}

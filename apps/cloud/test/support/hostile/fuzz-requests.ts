/** Sends hostile requests to a service, and holds every answer to what answers must be. */
import { setTimeout as sleep } from "node:timers/promises";
import { runDrawn } from "./drawn.ts";
import { exchange, type RawAnswer, readAnswers } from "./raw-http.ts";
import { type RequestKind, requestKinds, type Samples, type Sent } from "./requests.ts";

export interface RequestTally {
  readonly name: string;
  readonly cases: number;
  /** How many answers had each status; `none` for connections that ended without one. */
  readonly statuses: Readonly<Record<string, number>>;
}

export interface FuzzedRequests {
  readonly tallies: readonly RequestTally[];
  /** What was not as it must be, with kind and case: the first few of each kind. */
  readonly problems: readonly string[];
}

interface Options {
  readonly port: number;
  /** How many connections are open in the service. */
  readonly connections: () => Promise<number>;
  readonly samples: Samples;
  /** Of each kind. */
  readonly cases: number;
  /** Told of each kind that has ended. */
  readonly tell?: (tally: RequestTally) => void;
}

/** As docs/security.md says of every answer. */
const EVERY_ANSWER = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
};
/** Connections at once. */
const LANES = 8;
const MOST_PROBLEMS = 5;
/** Times that connections are counted until none is open, and the pause between: in all less than the service bears with a client that says nothing. */
const COUNTS = 40;
const PAUSE_MS = 50;

export async function fuzzRequests({ port, connections, samples, cases, tell }: Options): Promise<FuzzedRequests> {
  const tallies: RequestTally[] = [];
  const problems: string[] = [];
  for (const kind of requestKinds) {
    const { tally, wrong } = await fuzzKind(kind, { port, samples, cases });
    tallies.push(tally);
    problems.push(...wrong.slice(0, MOST_PROBLEMS));
    const open = await stillOpen(connections);
    if (open > 0) problems.push(`${kind.name}: ${open} connections are open when their clients have ended`);
    tell?.(tally);
  }
  return { tallies, problems };
}

async function stillOpen(connections: () => Promise<number>): Promise<number> {
  let open = await connections();
  for (let i = 1; i < COUNTS && open > 0; i++) {
    await sleep(PAUSE_MS);
    open = await connections();
  }
  return open;
}

async function fuzzKind(kind: RequestKind, { port, samples, cases }: Pick<Options, "port" | "samples" | "cases">) {
  const statuses: Record<string, number> = {};
  const wrong: string[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < cases) {
      const index = next++;
      const sent = runDrawn(kind.seed, index, (draw) => kind.draw(draw, samples));
      const complain = (what: string): void => void wrong.push(`${kind.name}, case ${index}: ${what}`);
      for (const status of await statusesOf(port, sent, complain)) statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return { tally: { name: kind.name, cases, statuses }, wrong };
}

async function statusesOf(port: number, sent: Sent, complain: (what: string) => void): Promise<(number | "none")[]> {
  try {
    const { bytes, wasReset } = await exchange(port, sent.bytes, !sent.isHttp);
    const answers = readAnswers(bytes, sent.methods, wasReset);
    answers.forEach((answer, i) => {
      const problem = problemWith(answer, sent.methods[i]);
      if (problem) complain(problem);
    });
    const last = answers.at(-1);
    const isCutShort = wasReset || last?.headers["connection"] === "close";
    if (sent.isHttp && (answers.length === 0 || (answers.length < sent.methods.length && !isCutShort))) {
      complain(`${answers.length} answers to ${sent.methods.length} requests`);
    }
    return answers.length === 0 ? ["none"] : answers.map(({ status }) => status);
  } catch (error) {
    complain((error as Error).message);
    return ["none"];
  }
}

/** What is wrong with an answer, if anything: a failure of the service, an error in a form of its own, or words that nobody should read. */
export function problemWith({ status, headers, body }: RawAnswer, method = "GET"): string | undefined {
  const text = body.toString("latin1");
  if (status >= 500 && status !== 503) return `status ${status}: ${text.slice(0, 300)}`;
  if ("x-injected" in headers) return "a header that the request brought in";
  const lacking = Object.entries(EVERY_ANSWER).find(([name, value]) => headers[name] !== value);
  if (lacking) return `status ${status} without ${lacking.join(": ")}`;
  if (!/^(no-store|(private, )?no-cache)$/.test(headers["cache-control"] ?? "")) return `status ${status} may be kept`;
  if (!/default-src 'none'/.test(headers["content-security-policy"] ?? "")) return `status ${status} without a policy`;
  if (/node_modules|file:\/\/|\n\s+at /.test(text) && status >= 400)
    return `status ${status} tells of the inside: ${text.slice(0, 300)}`;
  if (status < 400 || method === "HEAD") return undefined;
  if (!headers["content-type"]?.startsWith("application/problem+json"))
    return `status ${status} as ${headers["content-type"] ?? "nothing"}`;
  const problem = JSON.parse(body.toString()) as Record<string, unknown>;
  const { type, title, detail } = problem;
  const isProblem =
    problem["status"] === status && [type, title, detail].every((word) => typeof word === "string" && word !== "");
  if (!isProblem) return `status ${status} is no problem document: ${text.slice(0, 300)}`;
  const mayWait = status !== 429 && status !== 503;
  return mayWait || Number(headers["retry-after"]) >= 1 ? undefined : `status ${status} without Retry-After`;
}

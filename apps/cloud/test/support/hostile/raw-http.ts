/** HTTP as bytes on a socket: what no client would send, and what came back. */
import { connect } from "node:net";

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case; of a name that comes twice both values, with a comma between. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Longer than any answer takes, however busy the machine is. */
const PATIENCE_MS = 60_000;

/**
 * Sends bytes, and reads until the other side has ended.
 *
 * @param ends whether to say at once that no more will come; a server may then give up what it is at
 * @throws Error when the other side does not end in a minute
 */
export function exchange(
  port: number,
  bytes: Uint8Array,
  ends: boolean,
): Promise<{ readonly bytes: Buffer; readonly wasReset: boolean }> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const ended = (wasReset: boolean): void => resolve({ bytes: Buffer.concat(chunks), wasReset });
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error("no end of the answer in a minute")));
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      // A server that has said what it has to say need not read what else is sent.
      if (error.code === "ECONNRESET" || error.code === "EPIPE") ended(true);
      else reject(error);
    });
    socket.on("end", () => socket.end());
    socket.on("close", () => ended(false));
    socket.write(bytes);
    if (ends) socket.end();
  });
}

/**
 * The answers in what a server sent.
 *
 * @param methods of the requests, in their order: an answer to HEAD has no body
 * @param wasCut whether the connection was reset, so that the last answer may be part of one
 * @throws Error for bytes that are no whole answers
 */
export function readAnswers(bytes: Buffer, methods: readonly string[] = [], wasCut = false): RawAnswer[] {
  const answers: RawAnswer[] = [];
  for (let at = 0; at < bytes.length;) {
    const found = answerOrCut(bytes, at, methods[answers.length] ?? "GET", wasCut);
    if (!found) return answers;
    const { answer, end } = found;
    // 100 Continue comes before the answer itself.
    if (answer.status >= 200) answers.push(answer);
    at = end;
  }
  return answers;
}

function answerOrCut(
  bytes: Buffer,
  at: number,
  method: string,
  wasCut: boolean,
): ReturnType<typeof answerAt> | undefined {
  try {
    return answerAt(bytes, at, method);
  } catch (error) {
    if (wasCut) return undefined;
    throw error;
  }
}

function answerAt(bytes: Buffer, at: number, method: string): { answer: RawAnswer; end: number } {
  const headEnd = bytes.indexOf("\r\n\r\n", at);
  const [first = "", ...lines] = bytes.toString("latin1", at, Math.max(at, headEnd)).split("\r\n");
  const status = Number(/^HTTP\/1\.[01] (\d{3}) /.exec(first)?.[1] ?? Number.NaN);
  if (headEnd < 0 || Number.isNaN(status))
    throw new Error(`no answer at ${at}: ${bytes.toString("latin1", at, at + 80)}`);
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const [, name, value] = /^([!-9;-~]+):[ \t]*(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new Error(`no header: ${JSON.stringify(line)}`);
    const key = name.toLowerCase();
    headers[key] = key in headers ? `${headers[key]}, ${value}` : value;
  }
  const bodyAt = headEnd + 4;
  const hasBody = method !== "HEAD" && status >= 200 && status !== 204 && status !== 304;
  const { body, end } = hasBody ? bodyOf(bytes, bodyAt, headers) : { body: Buffer.alloc(0), end: bodyAt };
  return { answer: { status, headers, body }, end };
}

function bodyOf(bytes: Buffer, at: number, headers: Readonly<Record<string, string>>): { body: Buffer; end: number } {
  if (headers["transfer-encoding"] === "chunked") return chunked(bytes, at);
  const length = headers["content-length"];
  const end = length === undefined ? bytes.length : at + Number(length);
  if (end > bytes.length) throw new Error(`an answer of ${length} bytes, ${bytes.length - at} came`);
  return { body: bytes.subarray(at, end), end };
}

function chunked(bytes: Buffer, from: number): { body: Buffer; end: number } {
  const chunks: Buffer[] = [];
  for (let at = from; ;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    const size = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    if (lineEnd < 0 || Number.isNaN(size)) throw new Error("a chunk that does not end");
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
    if (size === 0) return { body: Buffer.concat(chunks), end: at };
  }
}

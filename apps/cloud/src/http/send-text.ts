import type { FastifyReply } from "fastify";
import { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { LongWork } from "../long-work.ts";
import type { Turns } from "../turns.ts";

/** Text that is sent at once; what has no more goes out with its length. */
const PART = 2 ** 15;

/**
 * Sends text that is made while it is sent, and lets others have their turn meanwhile. No more is made than the client reads.
 *
 * @returns when all of it has been made, or the client has gone
 */
export async function sendText(
  reply: FastifyReply,
  type: string,
  pieces: Iterable<string>,
  turns: Turns,
): Promise<FastifyReply> {
  const parts = partsOf(pieces);
  const [first, second] = [parts.next(), parts.next()];
  reply.type(type);
  if (second.done) return await reply.send(Buffer.from(first.value ?? ""));
  const text = Readable.from(inSlices([first.value!, second.value], parts, turns), { objectMode: false });
  const over = finished(text).catch(ofClient);
  void reply.send(text);
  await over;
  return reply;
}

/** Pieces put together. */
function* partsOf(pieces: Iterable<string>): Generator<string, undefined> {
  let part = "";
  for (const piece of pieces) {
    part += piece;
    if (part.length < PART) continue;
    yield part;
    part = "";
  }
  if (part !== "") yield part;
}

async function* inSlices(before: readonly string[], parts: Iterable<string>, turns: Turns): AsyncGenerator<Buffer> {
  yield Buffer.from(before.join(""));
  const work = new LongWork(turns);
  for (const part of parts) {
    yield Buffer.from(part);
    await work.rest();
  }
}

/** Who goes before the end needs no more of it. */
function ofClient(error: NodeJS.ErrnoException): void {
  if (error.code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
}

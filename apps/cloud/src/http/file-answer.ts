import type { FastifyReply, FastifyRequest } from "fastify";
import type { KnownFile } from "../models/model-library.ts";

/** Answers with a file and its hash; with nothing where the client says that it has it. */
export async function answerFile(
  request: FastifyRequest,
  reply: FastifyReply,
  { bytes, sha256 }: KnownFile,
): Promise<FastifyReply> {
  const tag = `"${sha256}"`;
  reply.header("ETag", tag).header("Digest", `sha-256=${sha256}`).header("Cache-Control", "private, no-cache");
  if (matches(request.headers["if-none-match"], tag)) return await reply.code(304).send();
  return await reply.type("application/octet-stream").send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
}

function matches(header: string | undefined, tag: string): boolean {
  const tags = (header ?? "").split(",").map((one) => one.trim().replace(/^W\//, ""));
  return tags.includes(tag) || tags.includes("*");
}

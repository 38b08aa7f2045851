import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type PageFile, readPageFiles } from "./page-files.ts";

/** What the page may do: load its own files and ask its own service. Nothing inline, nothing from elsewhere, no markup from text. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

/** Adds the page to browse devices: a route of its own for each of its files, `/` and `/page/<name>`. */
export async function addPageRoutes(app: FastifyInstance): Promise<void> {
  for (const [path, file] of await readPageFiles()) {
    app.get(path, (request, reply) => answer(file, request, reply));
  }
}

function answer({ type, body, etag }: PageFile, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  // A newer service is to be seen at once, and an unchanged file costs no bytes.
  reply.headers({ "cache-control": "no-cache", "content-security-policy": POLICY, etag });
  if (request.headers["if-none-match"] === etag) return reply.code(304).send();
  return reply.type(type).send(body);
}

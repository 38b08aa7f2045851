import type { FastifyReply, FastifyRequest } from "fastify";

/** Tells a browser which origins' pages may read this answer, and what of it. */
export function allowOrigin({ headers }: FastifyRequest, reply: FastifyReply, origins: readonly string[]): void {
  if (origins.length === 0) return;
  reply.header("Vary", "Origin");
  const { origin } = headers;
  if (origin === undefined || !(origins.includes(origin) || origins.includes("*"))) return;
  reply.headers({
    "Access-Control-Allow-Origin": origin,
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-None-Match",
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT",
    "Access-Control-Expose-Headers": "Digest, ETag, Link, Retry-After",
    "Access-Control-Max-Age": "600",
  });
}

/** Whether a browser asks what it may ask; of origins that may nothing it learns that by the lack of an answer's headers. */
export function isPreflight({ method, headers }: FastifyRequest, origins: readonly string[]): boolean {
  const asks = headers.origin !== undefined && headers["access-control-request-method"] !== undefined;
  return origins.length > 0 && method === "OPTIONS" && asks;
}
